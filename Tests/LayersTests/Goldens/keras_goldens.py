"""Prints golden values of layers and losses, computed by Keras 3 in double precision, as Swift.

    KERAS_BACKEND=jax python keras_goldens.py > ../KerasGoldens.swift

Inputs are multiples of 1/8, which Float holds exactly, so that the values of both sides differ by
the roundings of the single-precision computation alone.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

# Rows of four scores, from tame to large; no 0, where ReLU has a kink.
X = np.array(
    [
        [0.5, -1.25, 2.0, 0.125],
        [-3.5, 0.75, -0.25, 4.0],
        [1.0, 1.0, 1.0, 1.0],
        [8.0, -6.0, -0.5, 3.25],
        [0.375, 2.5, -2.125, -0.875],
    ]
)
DY = np.array([[0.5, -0.25, 1.0, -1.5], [1.0, 0.75, -0.5, 0.25], [-1.0, 2.0, 0.5, -0.75],
               [0.125, 1.5, -2.0, 1.0], [-0.5, 0.25, 0.75, 1.25]])
WEIGHT = np.array([[0.5, -0.25, 1.5, 0.75], [-1.0, 0.125, 0.25, -0.5], [2.0, 1.0, -0.75, 0.375]])
BIAS = np.array([0.25, -0.5, 1.0])
DY_DENSE = DY[:, :3]
LABELS = np.array([2, 0, 3, 1, 1])
ONE_HOT = np.eye(4)[LABELS]
SOFT = np.array([[0.5, 0.25, 0.125, 0.125], [0.0, 1.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25],
                 [0.75, 0.0, 0.0, 0.25], [0.0, 0.5, 0.5, 0.0]])
BITS = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0.5]], float)
VALUES = np.array([[0.0, -1.0, 2.5, 1.0], [3.5, 0.75, 0.25, 4.5], [1.0, 0.0, 2.0, -1.0],
                   [7.5, -6.0, 0.5, 3.0], [0.25, 2.0, -2.0, 0.875]])


def swift(array):
    assert array.dtype in (np.float64, np.int64), array.dtype
    numbers = [repr(float(v)) for v in np.asarray(array).ravel()]
    lines, line = [], "      "
    for number in numbers:
        piece = number + ", "
        if len(line) + len(piece) > 99:
            lines.append(line.rstrip())
            line = "      "
        line += piece
    lines.append(line.rstrip().rstrip(","))
    return "[\n" + "\n".join(lines) + ",\n    ]"


def pull_back(function, *inputs):
    y, vjp = jax.vjp(function, *inputs)
    return y, vjp


activations = {
    "relu": keras.layers.ReLU(),
    "leakyReLU": keras.layers.LeakyReLU(),
    "sigmoid": keras.layers.Activation("sigmoid"),
    # keras.ops.tanh falls back to single precision, its sigmoid does not.
    "tanh": keras.layers.Activation(lambda x: 2 * keras.activations.sigmoid(2 * x) - 1),
    "softplus": keras.layers.Activation("softplus"),
    "gelu": keras.layers.Activation(lambda x: keras.activations.gelu(x, approximate=False)),
    "silu": keras.layers.Activation("silu"),
    "softmax": keras.layers.Softmax(),
}


def dense(x, weight, bias):
    layer = keras.layers.Dense(3)
    layer.build(x.shape)
    state = [weight.T, bias]
    return layer.stateless_call(state, [], x)[0]


PROBABILITIES = keras.ops.softmax(X)
losses = {
    "sparse": (keras.losses.SparseCategoricalCrossentropy(from_logits=True), LABELS, X),
    "dense": (keras.losses.CategoricalCrossentropy(from_logits=True), SOFT, X),
    "smoothed": (
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.25), ONE_HOT, X),
    "probabilities": (keras.losses.SparseCategoricalCrossentropy(), LABELS, PROBABILITIES),
    "binary": (keras.losses.BinaryCrossentropy(from_logits=True), BITS, X),
    "binarySmoothed": (
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.25), BITS, X),
    "squared": (keras.losses.MeanSquaredError(), VALUES, X),
    # Off the kink, where JAX has a slope of 1, PyTorch and TensorFlow have 0.
    "absolute": (keras.losses.MeanAbsoluteError(), VALUES + 1 / 16, X),
    "huber": (keras.losses.Huber(), VALUES, X),
    "huberNear": (keras.losses.Huber(delta=0.375), VALUES, X),
}

print("// Printed by Goldens/keras_goldens.py; not to be edited.")
print(f"// Keras {keras.__version__}, JAX {jax.__version__}, NumPy {np.__version__}, float64")
print()
print("/// Values of layers and losses by Keras.")
print("enum KerasGoldens {")
for name, array in [("x", X), ("dY", DY), ("weight", WEIGHT), ("bias", BIAS), ("denseDY", DY_DENSE),
                    ("soft", SOFT), ("bits", BITS), ("values", VALUES)]:
    print(f"  static let {name}: [Float] = {swift(array)}")
print(f"  static let labels: [Int32] = {list(map(int, LABELS))}")
y, vjp = pull_back(dense, X, WEIGHT, BIAS)
dx, dweight, dbias = vjp(jax.numpy.asarray(DY_DENSE))
for name, array in [("denseY", y), ("denseDX", dx), ("denseDWeight", dweight), ("denseDBias", dbias)]:
    print(f"  static let {name}: [Double] = {swift(array)}")
print("  /// The output and the gradient of the input of each activation.")
print("  static let activations: [String: (y: [Double], dX: [Double])] = [")
for name, layer in activations.items():
    y, vjp = pull_back(layer, jax.numpy.asarray(X))
    print(f'    "{name}": (\n    {swift(y)},\n    {swift(vjp(jax.numpy.asarray(DY))[0])}),')
print("  ]")
print("  /// The mean loss over the batch, and its gradient by the scores.")
print("  static let losses: [String: (loss: Double, gradient: [Double])] = [")
for name, (loss, targets, scores) in losses.items():
    def value(s):
        return loss(targets, s)
    result, gradient = jax.value_and_grad(value)(jax.numpy.asarray(scores))
    print(f'    "{name}": (\n    {float(result)!r}, {swift(gradient)}),')
print("  ]")
print("}")
