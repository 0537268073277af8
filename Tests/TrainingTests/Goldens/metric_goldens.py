"""Prints what scikit-learn computes for random targets and predictions, as Swift.

    python metric_goldens.py > MetricGoldens.swift

Made with scikit-learn 1.9.1 and NumPy 2.4.6. The numbers are float32, printed so that Swift reads the
same bits; scikit-learn computes in float64.
"""

import numpy as np
import sklearn
from sklearn import metrics


def numbers(values, indent):
    lines, line = [], ""
    for value in np.asarray(values).ravel():
        text = f"{value!s}, "
        if len(indent + line + text) > 99:
            lines.append(indent + line.rstrip())
            line = ""
        line += text
    lines.append(indent + line.rstrip())
    return "[\n" + "\n".join(lines) + "\n      ]"


def regression(seed, rows, columns, offset, scale, noise):
    random = np.random.default_rng(seed)
    targets = (offset + scale * random.standard_normal((rows, columns))).astype(np.float32)
    guesses = (targets + noise * scale * random.standard_normal((rows, columns))).astype(np.float32)
    if columns == 4:
        targets[:, 3] = 7  # A value that does not vary, and one that is told exactly.
        guesses[:, 2] = targets[:, 2]
    print(f"    // seed {seed}: offset {offset}, scale {scale}, noise {noise}")
    print(f"    Regression(\n      columns: {columns},")
    print(f"      targets: {numbers(targets, '        ')},")
    print(f"      predictions: {numbers(guesses, '        ')},")
    truth, guess = targets.astype(np.float64), guesses.astype(np.float64)
    mae = float(metrics.mean_absolute_error(truth, guess))
    rmse = float(metrics.root_mean_squared_error(truth, guess))
    print(f"      mae: {mae!r}, rmse: {rmse!r},")
    print(f"      r2: {float(metrics.r2_score(truth, guess))!r}),")


def ranking(seed, rows, share, step, shift):
    """Scores of two classes in multiples of a step, so that many are the same."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < share).astype(np.int64)
    scores = np.round((random.standard_normal(rows) + shift * labels) / step) * step
    scores = scores.astype(np.float32)
    assert 0 < labels.sum() < rows
    print(f"    // seed {seed}: multiples of {step}")
    print(f"    Ranking(\n      labels: {numbers(labels, '        ')},")
    print(f"      scores: {numbers(scores, '        ')},")
    area = metrics.roc_auc_score(labels, scores.astype(np.float64))
    guess = (scores > 0).astype(np.int64)
    f1 = metrics.f1_score(labels, guess, average="macro", labels=[0, 1], zero_division=0)
    print(f"      auc: {float(area)!r}, f1: {float(f1)!r}),")


def classification(seed, rows, classes, absent):
    """Scores of classes, the last of which never occur; and are never the highest if so."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes - absent, rows)
    scores = np.round(random.standard_normal((rows, classes)) * 8) / 8
    scores[np.arange(rows), labels] += 0.75
    if absent:
        scores[:, classes - absent :] -= 100
    scores = scores.astype(np.float32)
    f1 = metrics.f1_score(
        labels, scores.argmax(axis=1), average="macro", labels=range(classes), zero_division=0
    )
    print(f"    // seed {seed}: {absent} classes without samples")
    print(f"    Classification(\n      labels: {numbers(labels, '        ')},")
    print(f"      scores: {numbers(scores, '        ')},")
    print(f"      classes: {classes}, f1: {float(f1)!r}),")


print("// Printed by metric_goldens.py; not to be edited.")
print(f"// scikit-learn {sklearn.__version__}, NumPy {np.__version__}\n")
print("/// What scikit-learn computes for random targets and predictions.")
print("enum MetricGoldens {")
print("  static let regressions: [Regression] = [")
regression(101, 40, 1, 0.0, 1.0, 0.3)
regression(102, 40, 3, -2.5, 10.0, 1.5)
regression(103, 40, 1, 1e5, 1.0, 0.3)
regression(104, 40, 2, -1e5, 50.0, 0.1)
regression(105, 30, 4, 3.0, 0.01, 0.5)
print("  ]\n\n  static let rankings: [Ranking] = [")
ranking(201, 60, 0.5, 0.5, 1.0)
ranking(202, 80, 0.1, 0.125, 0.5)
ranking(203, 50, 0.9, 2.0, 1.0)
ranking(204, 60, 0.5, 0.0009765625, -1.0)
print("  ]\n\n  static let classifications: [Classification] = [")
classification(301, 40, 3, 0)
classification(302, 40, 6, 2)
classification(303, 30, 2, 0)
print("  ]\n}")
