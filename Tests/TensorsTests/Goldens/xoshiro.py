"""Prints known answers of xoshiro256** and SplitMix64 as Swift literals.

Written from the published algorithms (Blackman and Vigna 2018; Steele, Lea and Flood 2014), with
Python's integers reduced modulo 2**64. Run with any Python 3; RandomGeneratorTests.swift holds what
it printed.
"""

MASK = 2**64 - 1


def splitmix(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return state, z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & MASK


def xoshiro(s, count):
    s = list(s)
    numbers = []
    for _ in range(count):
        numbers.append((rotl((s[1] * 5) & MASK, 7) * 9) & MASK)
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
    return numbers


def seeded(seed):
    words = []
    for _ in range(4):
        seed, word = splitmix(seed)
        words.append(word)
    return words


def literal(words):
    return "[" + ", ".join(f"0x{word:016x}" for word in words) + "]"


print("state 1, 2, 3, 4:", literal(xoshiro([1, 2, 3, 4], 6)))
for seed in (0, 42, MASK):
    print(f"state of seed {seed}:", literal(seeded(seed)))
    print(f"numbers of seed {seed}:", literal(xoshiro(seeded(seed), 3)))
# The 1,000th number shows a wrong rotation that the first few might not.
print("1,000th of state 1, 2, 3, 4:", literal(xoshiro([1, 2, 3, 4], 1000)[-1:]))

# A state whose next number has all of its upper 24 bits set, for the upper end of uniform().
word = MASK
word = (word * pow(9, -1, 2**64)) & MASK
word = rotl(word, 64 - 7)
word = (word * pow(5, -1, 2**64)) & MASK
print("state with the largest number next:", literal([1, word, 0, 0]), xoshiro([1, word, 0, 0], 1)[0] == MASK)
