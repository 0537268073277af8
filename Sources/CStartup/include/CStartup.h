// What the commands settle before the libraries that they are linked with start.
//
// OpenBLAS starts a thread for each processor as it is loaded, before main. Where the system refuses
// one, it ends the program, and where it refuses the memory of one, that thread asks for it for ever.
// Then the program is started anew with OPENBLAS_NUM_THREADS=1; OpenBLAS starts more when it is asked
// to. A library must not do that to its host, so this is linked by the commands alone.
#ifndef MARU_CSTARTUP_H
#define MARU_CSTARTUP_H

/// Leaves SIGINT to the program again; called first of all in main.
void maru_startup_end(void);

/// Has memory that the system refuses end the program from now on, in one line and with exit code 74.
///
/// Swift's runtime and Foundation would end it in a trap, without words for the user.
void maru_end_without_memory(void);

#endif
