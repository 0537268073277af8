"""Prints golden results of linear algebra, computed by NumPy in double precision, as Swift.

    python numpy_goldens.py > ../NumPyGoldens.swift

Inputs are multiples of 1/8, which Float holds exactly, so that both precisions solve the same
problems; they are well-conditioned, the Hilbert matrix of order 6 apart.
"""

import numpy as np

SQUARE = np.array([[4.5, -1.25, 0.5, 2.0], [0.25, 3.5, -2.0, 0.75], [-1.5, 0.625, 5.0, -0.5],
                   [1.0, -2.25, 0.375, 6.5]])
TALL = np.array([[1.0, 0.5, -0.25], [-2.0, 1.5, 0.75], [0.375, -1.0, 2.0], [3.0, 0.25, 1.0],
                 [-0.5, 2.25, -1.75]])
WIDE = TALL.T.copy()
DEFICIENT = np.outer([1.0, -2.0, 0.5, 3.0], [2.0, 1.0, -1.0]) + np.outer(
    [0.5, 1.0, -1.0, 0.25], [-1.0, 3.0, 0.5])
POSITIVE = np.array([[6.0, 2.0, -1.0, 0.5], [2.0, 5.0, 0.75, -1.5], [-1.0, 0.75, 4.0, 1.25],
                     [0.5, -1.5, 1.25, 7.0]])
HILBERT = 1 / (np.arange(6)[:, None] + np.arange(6) + 1)
SIDES4 = np.array([[1.0, -2.0], [0.5, 3.0], [-1.25, 0.75], [2.0, 1.5]])
SIDES5 = np.array([[1.0, -2.0], [0.5, 3.0], [-1.25, 0.75], [2.0, 1.5], [-0.5, 0.25]])


def show(name, value):
    value = np.asarray(value, dtype=float)
    if value.ndim == 0:
        print(f"  static let {name} = {float(value)!r}")
        return
    if value.ndim == 1:
        print(f"  static let {name}: [Double] = [")
        wrap(value, "    ", "")
    else:
        print(f"  static let {name} = Matrix<Double>([")
        for row in value:
            print("    [")
            wrap(row, "      ", "")
            print("    ],")
    print("  ])" if value.ndim == 2 else "  ]")


def wrap(numbers, indent, line):
    for number in numbers:
        piece = f"{float(number)!r}, "
        if line and len(indent + line + piece) > 99:
            print((indent + line).rstrip())
            line = ""
        line += piece
    print((indent + line).rstrip())


print(f"""// Printed by Goldens/numpy_goldens.py; not to be edited.
// NumPy {np.__version__} over OpenBLAS, float64

import LinearAlgebra

/// Results of linear algebra by NumPy.
enum NumPyGoldens {{""")
for name in ["SQUARE", "TALL", "WIDE", "DEFICIENT", "POSITIVE", "SIDES4", "SIDES5"]:
    show(name.lower(), globals()[name])
show("solution", np.linalg.solve(SQUARE, SIDES4))
show("inverse", np.linalg.inv(SQUARE))
show("determinant", np.linalg.det(SQUARE))
sign, logarithm = np.linalg.slogdet(-SQUARE[[1, 0, 2, 3]])
show("negativeSign", sign)
show("negativeLogarithm", logarithm)
show("cholesky", np.linalg.cholesky(POSITIVE))
eigenvalues, eigenvectors = np.linalg.eigh(POSITIVE)
show("eigenvalues", eigenvalues)
show("eigenvectors", eigenvectors)
for name, matrix in [("tall", TALL), ("wide", WIDE)]:
    q, r = np.linalg.qr(matrix)
    show(f"{name}Q", q)
    show(f"{name}R", r)
    q, r = np.linalg.qr(matrix, mode="complete")
    show(f"{name}FullQ", q)
    show(f"{name}FullR", r)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    show(f"{name}U", u)
    show(f"{name}SingularValues", s)
    show(f"{name}VT", vt)
for name, matrix, sides in [("tall", TALL, SIDES5), ("wide", WIDE, SIDES5[:3]),
                            ("deficient", DEFICIENT, SIDES4)]:
    x, _, rank, values = np.linalg.lstsq(matrix, sides, rcond=None)
    show(f"{name}LeastSquares", x)
    print(f"  static let {name}Rank = {rank}")
    show(f"{name}PseudoInverse", np.linalg.pinv(matrix, rtol=None))
show("norms", [np.linalg.norm(TALL, kind) for kind in (1, np.inf, "fro", 2)])
show("condition", np.linalg.cond(TALL))
show("hilbertCondition", np.linalg.cond(HILBERT))
print("}")
