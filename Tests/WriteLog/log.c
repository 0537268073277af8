#define _GNU_SOURCE
#include "WriteLog.h"

#include <stdio.h>

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local char calls[64];
static _Thread_local size_t count;
static _Thread_local int renames_until_failure;

static void note(char call) {
  if (count < sizeof calls - 1) calls[count++] = call;
}

int fsync(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) == 0) note(S_ISDIR(status.st_mode) ? 'd' : 'f');
  return (int)syscall(SYS_fsync, descriptor);
}

int rename(const char *from, const char *to) {
  note('r');
  if (renames_until_failure > 0 && --renames_until_failure == 0) {
    errno = EPERM;
    return -1;
  }
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

void note_writes(void) { count = 0; }

void fail_rename(int number) { renames_until_failure = number; }

const char *noted_writes(void) {
  calls[count] = 0;
  return calls;
}

#else

void note_writes(void) {}
void fail_rename(int number) { (void)number; }
const char *noted_writes(void) { return NULL; }

#endif
