#define _DEFAULT_SOURCE
#include "CStartup.h"

#if defined(__linux__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CKernels.h"

static char **arguments, **environment;
static struct sigaction before;
static int is_watching;

static void start_with_one_thread(void) {
  int count = 0;
  while (environment[count] != NULL) count++;
  char *extended[count + 2];
  memcpy(extended, environment, count * sizeof *extended);
  extended[count] = "OPENBLAS_NUM_THREADS=1";
  extended[count + 1] = NULL;
  maru_start_anew(arguments, extended);
}

/// OpenBLAS raises SIGINT where it is refused a thread; one from outside does what it would have done.
static void interrupted(int number, siginfo_t *information, void *context) {
  (void)context;
  if (information->si_code == SI_TKILL && information->si_pid == getpid()) start_with_one_thread();
  if (before.sa_handler != SIG_IGN) _exit(128 + number);
}

static int is_bounded(int resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static int is_set(const char *name) {
  size_t length = strlen(name);
  for (char **entry = environment; *entry != NULL; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return 1;
  }
  return 0;
}

static void begin(int count, char **values, char **variables) {
  (void)count;
  arguments = values;
  environment = variables;
  int is_short = is_bounded(RLIMIT_AS) || is_bounded(RLIMIT_DATA);
#ifdef M_ARENA_MAX
  // An arena for a thread takes 64 MiB of address space, of which it uses next to nothing.
  if (is_short) mallopt(M_ARENA_MAX, 1);
#endif
  if (is_set("OPENBLAS_NUM_THREADS")) return;
  if (is_short) start_with_one_thread();
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = interrupted;
  is_watching = sigaction(SIGINT, &action, &before) == 0;
}

// The loader runs this before it starts any library.
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) =
    begin;

void maru_startup_end(void) {
  if (is_watching) sigaction(SIGINT, &before, NULL);
}
#else
void maru_startup_end(void) {}
#endif
