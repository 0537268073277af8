"""Prints golden values of layers of images, computed by PyTorch in double precision, as Swift.

    KERAS_BACKEND=jax python image_goldens.py > ../ImageGoldens.swift
    swift format --in-place ../ImageGoldens.swift

Keras has to give the same to 1e-12, or to 1e-5 where it takes means, which it does in single precision.
Inputs are multiples of 1/16, which Float holds exactly, and no two are the same, so that a largest value
is one.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np
import torch
from torch.nn import functional as F

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

random = np.random.default_rng(5)
BATCH, HEIGHT, WIDTH, CHANNELS = 2, 5, 4, 3
X = (random.permutation(BATCH * HEIGHT * WIDTH * CHANNELS) - 60) / 8 + 1 / 16
X = X.reshape(BATCH, HEIGHT, WIDTH, CHANNELS)


def draw(*shape):
    return random.integers(-8, 9, shape) / 8


def swift(array):
    numbers = [repr(float(v)) for v in np.asarray(array).ravel()]
    lines, line = [], ""
    for number in numbers:
        if len(line) + len(number) > 85:
            lines.append(line)
            line = ""
        line += number + ", "
    return "[\n" + "\n".join(lines + [line]) + "\n]"


def first(images):
    """[samples, height, width, channels] as PyTorch has them."""
    return images.permute(0, 3, 1, 2)


def last(images):
    return images.permute(0, 2, 3, 1) if images.ndim == 4 else images


def sides(size, kernel, stride, dilation=1):
    """What `same` puts before and after an axis."""
    extent = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def padded(x, kernel, stride, dilation=1, value=0.0):
    (top, bottom), (left, right) = (sides(n, kernel, stride, dilation) for n in (HEIGHT, WIDTH))
    return F.pad(first(x), (left, right, top, bottom), value=value)


def convolution(padding, size, **settings):
    def torch_convolution(x, weight, bias):
        images = first(x)
        if padding == "same":
            images = padded(x, size, settings.get("strides", 1), settings.get("dilation_rate", 1))
        return last(F.conv2d(
            images, weight.permute(0, 3, 1, 2), bias, settings.get("strides", 1),
            dilation=settings.get("dilation_rate", 1)))

    layer = keras.layers.Conv2D(4, size, padding=padding, **settings)
    return layer, [draw(4, size, size, CHANNELS), draw(4)], torch_convolution


def depthwise(x, weight, bias):
    return last(F.conv2d(padded(x, 3, 2), weight.permute(0, 3, 1, 2), bias, 2, groups=CHANNELS))


def average(x):
    ones = padded(torch.ones_like(x), 2, 2)
    return last(F.avg_pool2d(padded(x, 2, 2), 2) / F.avg_pool2d(ones, 2))


def normalization(x, gamma, beta):
    return last(F.batch_norm(first(x), None, None, gamma, beta, training=True, eps=1e-3))


def block(x, *parameters):
    a, gamma, beta, b, d = parameters
    same = torch.nn.functional.silu(
        normalization(last(F.conv2d(first(x), a.permute(0, 3, 1, 2), padding=1)), gamma, beta))
    return x + last(F.conv2d(first(same), b.permute(0, 3, 1, 2), d, padding=1))


# Keras's layers, with the parameters of each in Maru's order of axes.
LAYERS = {
    "conv": (*convolution("valid", 3),),
    "convSame": (*convolution("same", 3, strides=2),),
    "convDilated": (*convolution("same", 2, dilation_rate=2),),
    "depthwise": (
        keras.layers.DepthwiseConv2D(3, strides=2, padding="same"), [draw(CHANNELS, 3, 3, 1), draw(CHANNELS)],
        depthwise),
    "maxPool": (
        keras.layers.MaxPooling2D(2, padding="same"), [],
        lambda x: last(F.max_pool2d(padded(x, 2, 2, value=-np.inf), 2))),
    "averagePool": (keras.layers.AveragePooling2D(2, padding="same"), [], average),
    "globalAveragePool": (
        keras.layers.GlobalAveragePooling2D(), [], lambda x: x.mean((1, 2))),
    "batchNorm": (
        keras.layers.BatchNormalization(), [draw(CHANNELS), draw(CHANNELS)], normalization),
    "zeroPadding": (
        keras.layers.ZeroPadding2D(((1, 2), (0, 3))), [],
        lambda x: last(F.pad(first(x), (0, 3, 1, 2)))),
    "residual": (
        [
            keras.layers.Conv2D(CHANNELS, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("silu"), keras.layers.Conv2D(CHANNELS, 3, padding="same"),
        ],
        [
            draw(CHANNELS, 3, 3, CHANNELS), draw(CHANNELS), draw(CHANNELS),
            draw(CHANNELS, 3, 3, CHANNELS), draw(CHANNELS),
        ],
        block),
}


def theirs(parameter):
    """[units, height, width, channels] as Keras's kernels are: of depthwise ones [h, w, channels, 1]."""
    if parameter.ndim != 4:
        return parameter
    is_depthwise = parameter.shape[3] == 1
    return parameter.transpose((1, 2, 0, 3) if is_depthwise else (1, 2, 3, 0))


def keras_function(layers):
    """The layers in training, one after the other; a list is a block on whose output the input is added."""
    chain = layers if isinstance(layers, list) else [layers]
    shape = X.shape
    for layer in chain:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)

    def function(x, *parameters):
        y, rest = x, list(parameters)
        for layer in chain:
            own = [rest.pop(0) for _ in layer.trainable_variables]
            fixed = [v.value for v in layer.non_trainable_variables]
            settings = {"training": True} if fixed else {}
            y, _ = layer.stateless_call(own, fixed, y, **settings)
        return x + y if isinstance(layers, list) else y

    return function


print("// Printed by Goldens/image_goldens.py; not to be edited.")
print(
    f"// Keras {keras.__version__}, JAX {jax.__version__}, NumPy {np.__version__}, "
    f"PyTorch {torch.__version__.split('+')[0]}, float64")
print()
print("/// Values of layers of images by PyTorch, and by Keras.")
print("enum ImageGoldens {")
print(f"  static let shape = {[HEIGHT, WIDTH, CHANNELS]}")
print(f"  static let x: [Float] = {swift(X)}")
print("  /// What a layer is given, its output, and the gradients of its input and its parameters.")
print("  struct Layer: Sendable {")
print("    let parameters: [[Float]]")
print("    let dY: [Float]")
print("    let y, dX: [Double]")
print("    let gradients: [[Double]]")
print("  }")
print("  static let layers: [String: Layer] = [")
for name, (layers, parameters, torch_function) in LAYERS.items():
    function = keras_function(layers)

    def ours(x, *parameters):
        return function(x, *(theirs(p) for p in parameters))

    y, pull_back = jax.vjp(ours, X, *(jax.numpy.asarray(p) for p in parameters))
    dY = draw(*y.shape)
    gradients = pull_back(jax.numpy.asarray(dY))
    inputs = [torch.tensor(v, requires_grad=True) for v in (X, *parameters)]
    result = torch_function(*inputs)
    result.backward(torch.tensor(dY))
    for one, other in zip([y, *gradients], [result, *(v.grad for v in inputs)]):
        difference = np.abs(np.asarray(one) - other.detach().numpy()).max()
        limit = 1e-5 if name in ("globalAveragePool", "batchNorm", "residual") else 1e-12
        assert one.shape == tuple(other.shape) and difference < limit, (name, difference)
    y, *gradients = [v.detach().numpy() for v in (result, *(v.grad for v in inputs))]
    print(f'    "{name}": Layer(')
    print(f"    parameters: [{', '.join(swift(p) for p in parameters)}],")
    print(f"    dY: {swift(dY)}, y: {swift(y)}, dX: {swift(gradients[0])},")
    print(f"    gradients: [{', '.join(swift(g) for g in gradients[1:])}]),")
print("  ]")
print("}")
