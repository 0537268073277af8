// Vectors of 4, 8 or 16 floats put in another order, within each quarter of four first, which is cheap.
#ifndef MARU_SHUFFLES_H
#define MARU_SHUFFLES_H

#define PAIR __builtin_shufflevector

/// The first two of each quarter of a and b in turns, or the last two.
#define LOWER_8(a, b) PAIR(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define UPPER_8(a, b) PAIR(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOWER_16(a, b) PAIR(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define UPPER_16(a, b) PAIR(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
/// The first two of each quarter of a, then of b; or the last two.
#define LOWER_PAIRS_8(a, b) PAIR(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define UPPER_PAIRS_8(a, b) PAIR(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define LOWER_PAIRS_16(a, b) PAIR(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define UPPER_PAIRS_16(a, b) PAIR(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)

/// The sums over the lanes of four vectors.
typedef float Quarter __attribute__((vector_size(16), aligned(4), may_alias));
#define SUMS_4(a, b, c, d)                                                                       \
  ({                                                                                             \
    Vector ab = PAIR(a, b, 0, 4, 1, 5) + PAIR(a, b, 2, 6, 3, 7);                                 \
    Vector cd = PAIR(c, d, 0, 4, 1, 5) + PAIR(c, d, 2, 6, 3, 7);                                 \
    PAIR(ab, cd, 0, 1, 4, 5) + PAIR(ab, cd, 2, 3, 6, 7);                                         \
  })
#define SUMS_8(a, b, c, d)                                                                       \
  ({                                                                                             \
    Vector ab = LOWER_8(a, b) + UPPER_8(a, b), cd = LOWER_8(c, d) + UPPER_8(c, d);               \
    Vector all = LOWER_PAIRS_8(ab, cd) + UPPER_PAIRS_8(ab, cd);                                  \
    PAIR(all, all, 0, 1, 2, 3) + PAIR(all, all, 4, 5, 6, 7);                                     \
  })
#define SUMS_16(a, b, c, d)                                                                      \
  ({                                                                                             \
    Vector ab = LOWER_16(a, b) + UPPER_16(a, b), cd = LOWER_16(c, d) + UPPER_16(c, d);           \
    Vector all = LOWER_PAIRS_16(ab, cd) + UPPER_PAIRS_16(ab, cd);                                \
    Quarter first = PAIR(all, all, 0, 1, 2, 3) + PAIR(all, all, 4, 5, 6, 7);                     \
    first + PAIR(all, all, 8, 9, 10, 11) + PAIR(all, all, 12, 13, 14, 15);                       \
  })

#endif
