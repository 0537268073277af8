"""Prints what scikit-learn's Ridge fits to random inputs of a scale each and two targets, as Swift.

    python ridge_goldens.py > ../RidgeGoldens.swift

Made with scikit-learn 1.9.1 and NumPy 2.4.6. The numbers are float32, printed so that Swift reads
the same bits; scikit-learn computes in float64.
"""

import numpy as np
import sklearn
from sklearn.linear_model import Ridge


def numbers(values, indent):
    lines, line = [], ""
    for value in np.asarray(values).ravel():
        text = f"{value!s}, "
        if len(indent + line + text) > 99:
            lines.append(indent + line.rstrip())
            line = ""
        line += text
    lines.append(indent + line.rstrip())
    return "[\n" + "\n".join(lines) + "\n  ]"


random = np.random.default_rng(16)
rows, columns = 40, 4
x = (random.standard_normal((rows, columns)) * [1, 10, 0.1, 3] + [0, 50, 1, -2]).astype(np.float32)
mix = random.standard_normal((columns, 2)) * [[1], [0.1], [10], [0.3]]
y = (x @ mix + [5, -3] + 0.5 * random.standard_normal((rows, 2))).astype(np.float32)

print(f"// Made by Goldens/ridge_goldens.py with scikit-learn {sklearn.__version__}, "
      f"NumPy {np.__version__}.\n")
print("/// What scikit-learn's `Ridge` fits to two targets.")
print("enum RidgeGoldens {")
print(f"  static let columns = {columns}")
print(f"  static let inputs: [Float] = {numbers(x, '    ')}")
print(f"  static let targets: [Float] = {numbers(y, '    ')}")
print("  /// By λ, the weights [targets, inputs] and the biases.")
print("  static let fits: [(ridge: Double, weight: [Double], bias: [Double])] = [")
for alpha in [0.0, 0.5, 20.0]:
    fit = Ridge(alpha=alpha, solver="svd").fit(x.astype(np.float64), y.astype(np.float64))
    weight = ", ".join(repr(float(v)) for v in fit.coef_.ravel())
    bias = ", ".join(repr(float(v)) for v in fit.intercept_)
    print(f"    (\n      {alpha},\n      [")
    for target in fit.coef_:
        for pair in (target[:2], target[2:]):
            print("        " + " ".join(f"{float(v)!r}," for v in pair))
    print(f"      ],\n      [{bias}]\n    ),")
print("  ]\n}")
