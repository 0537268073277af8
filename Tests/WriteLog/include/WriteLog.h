// Notes which calls of the system make files last, in a process that links this.
#ifndef WRITE_LOG_H
#define WRITE_LOG_H

/// Forgets what the calling thread has done.
void note_writes(void);

/// What the calling thread has done since: `f` for fsync of a file, `d` for that of a folder, `r` for a
/// rename, up to 63 of them; NULL where they are not noted: without glibc, or with a sanitizer.
const char *noted_writes(void);

#endif
