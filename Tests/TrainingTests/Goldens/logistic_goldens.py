"""Writes LogisticGoldens.swift: minima of penalised softmax regression, by scikit-learn.

Made with the versions that it prints. Run: python logistic_goldens.py > LogisticGoldens.swift
Inputs are multiples of 1/8 from integer formulas, so that both sides start from the same bits. The
objective is the mean cross-entropy plus λ·ΣW², so scikit-learn's C is 1 / (2·λ·samples). Its
minimum is refined by Newton's method until the gradient is rounding alone.
"""

import platform

import numpy as np
import scipy
import sklearn
from sklearn.linear_model import LogisticRegression

SAMPLES, INPUTS, CLASSES = 300, 12, 5


def samples():
    return np.array(
        [[((7 * i + 3 * j + i * i * j) % 23 - 11) / 8 for j in range(INPUTS)] for i in range(SAMPLES)]
    )


def labels(x):
    """The largest of some scores, but for every fourth sample, so that no plane parts the classes."""
    weight = np.array(
        [[((5 * i + 3 * j + i * j) % 11 - 5) / 8 for j in range(INPUTS)] for i in range(CLASSES)]
    )
    best = (x @ weight.T).argmax(axis=1)
    index = np.arange(SAMPLES)
    return np.where(index % 4 == 3, index * index % CLASSES, best)


def derivatives(w, x, y, l2):
    """Loss, gradient and Hessian at [weights, biases], one row per class."""
    ones = np.hstack([x, np.ones((SAMPLES, 1))])
    scores = ones @ w.T
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    penalised = np.ones(INPUTS + 1)
    penalised[-1] = 0
    loss = -np.log(p[np.arange(SAMPLES), y]).mean() + l2 * np.sum(penalised * w * w)
    gradient = (p - np.eye(CLASSES)[y]).T @ ones / SAMPLES + 2 * l2 * penalised * w
    curvature = p[:, :, None] * np.eye(CLASSES) - p[:, :, None] * p[:, None, :]
    hessian = np.einsum("ikl,ia,ib->kalb", curvature, ones, ones) / SAMPLES
    hessian = hessian.reshape(w.size, w.size) + np.diag(np.tile(2 * l2 * penalised, CLASSES))
    return loss, gradient, hessian


def wrapped(values):
    lines, line = [], "     "
    for value in values:
        piece = f" {value.item()!r},"
        if len(line) + len(piece) > 100:
            lines.append(line)
            line = "     "
        line += piece
    return "\n".join(lines + [line])


def minimum(x, y, l2):
    model = LogisticRegression(C=1 / (2 * l2 * SAMPLES), tol=1e-10, max_iter=10_000).fit(x, y)
    w = np.hstack([model.coef_, (model.intercept_ - model.intercept_.mean())[:, None]])
    start = w.copy()
    for _ in range(5):
        loss, gradient, hessian = derivatives(w, x, y, l2)
        w -= (np.linalg.pinv(hessian) @ gradient.reshape(-1)).reshape(w.shape)
    assert np.abs(w - start).max() < 1e-5 * np.abs(w).max(), "scikit-learn found another minimum"
    loss, gradient, hessian = derivatives(w, x, y, l2)
    assert np.abs(gradient).max() < 1e-14
    # The first eigenvalue is 0: a number may be added to all biases.
    curvature = np.linalg.eigvalsh(hessian)[:2]
    assert abs(curvature[0]) < 1e-14
    print(f"    LogisticGolden(\n      l2: {l2}, curvature: {float(curvature[1])!r}, loss: {float(loss)!r},")
    print(f"      weight: [\n{wrapped(w[:, :-1].reshape(-1))}\n      ],")
    print(f"      bias: [\n{wrapped(w[:, -1])}\n      ]),")


x = samples()
y = labels(x)
print("// Printed by logistic_goldens.py; not to be edited.")
print(f"// Python {platform.python_version()}, scikit-learn {sklearn.__version__}, SciPy "
      f"{scipy.__version__}, NumPy {np.__version__}\n")
print("/// Minima of softmax regression on the samples of `LogisticProblem`.")
print("enum LogisticGoldens {")
print(f"  static let labels = [\n{wrapped(y).replace('      ', '    ')}\n  ]")
print("  static let minima = [")
for l2 in (0.1, 0.01, 0.0001):
    minimum(x, y, l2)
print("  ]\n}")
