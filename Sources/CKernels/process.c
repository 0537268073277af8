// The program itself, run once more.
#define _DEFAULT_SOURCE
#include <limits.h>
#include <unistd.h>

#include "CKernels.h"

void maru_start_anew(char *const arguments[], char *const environment[]) {
  char program[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length > 0) {
    program[length] = 0;
    // By its name first, since that is what the system lists the process under.
    execve(program, arguments, environment);
  }
  // A program that has been removed or replaced since it started has none.
  execve("/proc/self/exe", arguments, environment);
}
