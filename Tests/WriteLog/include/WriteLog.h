// Notes which calls of the system make files last, and has them fail, in a process that links this.
#ifndef WRITE_LOG_H
#define WRITE_LOG_H

/// Forgets what the calling thread has done.
void note_writes(void);

/// What the calling thread has done since: `f` for fsync of a file, `d` for that of a folder, `r` for a
/// rename, up to 63 of them; NULL where they are not noted: without glibc, or with a sanitizer.
const char *noted_writes(void);

/// Has the rename of this number, of those to come from the calling thread and counted from 1, fail
/// with EPERM; 0 for none. Nothing where calls are not noted.
void fail_rename(int number);

#endif
