"""Prints golden principal components, computed by scikit-learn in double precision, as Swift.

    python pca_goldens.py > ../ScikitLearnGoldens.swift

Inputs are multiples of 1/8, which Float holds exactly, so that both precisions fit the same samples.
"""

import textwrap

import numpy as np
import sklearn
from sklearn.decomposition import PCA

TALL = np.array([[4.5, -1.25, 0.5, 2.0], [0.25, 3.5, -2.0, 0.75], [-1.5, 0.625, 5.0, -0.5],
                 [1.0, -2.25, 0.375, 6.5], [2.0, 0.5, -0.25, 1.0], [-3.0, 1.5, 0.75, 0.25],
                 [0.375, -1.0, 2.0, -1.125]])
WIDE = np.array([[1.0, 0.5, -0.25, 3.0, 2.5], [-2.0, 1.5, 0.75, -1.0, 0.125],
                 [0.375, -1.0, 2.0, 0.5, -4.0]])


def show(name, value):
    value = np.atleast_1d(np.asarray(value, dtype=float))
    is_matrix = value.ndim == 2
    print(f"  static let {name}{' = Matrix<Double>([' if is_matrix else ': [Double] = ['}")
    for row in np.atleast_2d(value):
        # -0 is 0 to everyone but the reader.
        line = "".join(f"{float(number) + 0.0!r}, " for number in row).strip()
        indent = " " * (6 if is_matrix else 4)
        line = textwrap.fill(line, 99, initial_indent=indent, subsequent_indent=indent)
        print(f"    [\n{line}\n    ]," if is_matrix else line)
    print("  ])" if is_matrix else "  ]")


print(f"""// Printed by Goldens/pca_goldens.py; not to be edited.
// scikit-learn {sklearn.__version__}, NumPy {np.__version__}, float64

import LinearAlgebra

/// Principal components by scikit-learn.
enum ScikitLearnGoldens {{""")
for name, samples in [("tall", TALL), ("wide", WIDE)]:
    show(name, samples)
    model = PCA(svd_solver="full").fit(samples)
    show(f"{name}Mean", model.mean_)
    show(f"{name}Components", model.components_)
    show(f"{name}Variance", model.explained_variance_)
    show(f"{name}Ratio", model.explained_variance_ratio_)
    two = PCA(2, svd_solver="full").fit(samples)
    show(f"{name}Scores", two.transform(samples))
    show(f"{name}Inverse", two.inverse_transform(two.transform(samples)))
    white = PCA(2, svd_solver="full", whiten=True).fit(samples)
    show(f"{name}Whitened", white.transform(samples))
    show(f"{name}WhitenedInverse", white.inverse_transform(white.transform(samples) + 1))
shares = [0.25, 0.5, 0.75, 0.875, 0.9375, 0.984375]
counts = [int(PCA(share, svd_solver="full").fit(TALL).n_components_) for share in shares]
show("shares", shares)
print(f"  static let countsOfShares = {counts}")
print("}")
