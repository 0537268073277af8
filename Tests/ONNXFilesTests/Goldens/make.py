"""Writes every.onnx, images.onnx and table.onnx beside it: networks of each layer, and one between the
numbers of a table, as ONNX's own library writes them.

Made with Python 3, ONNX 1.22.0 and NumPy 2.4.6:
    python3 -m venv v && v/bin/pip install onnx==1.22.0 numpy==2.4.6 && v/bin/python make.py
"""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def tensor(name, values, type=np.float32):
    return numpy_helper.from_array(np.array(values, dtype=type), name)


def value(name, *sizes, type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, type, ["batch", *sizes])


def write(path, graph, properties):
    model = helper.make_model(
        graph,
        producer_name="maru",
        doc_string="A network trained by Maru.",
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=9,
    )
    if properties:
        helper.set_model_props(model, properties)
    # Only what is not the default of its type is in Maru's files.
    model.opset_import[0].ClearField("domain")
    onnx.checker.check_model(model, full_check=True)
    assert model == onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return model


def write_layers(path, source, layers, weights, constants=(), properties={}):
    """Layers are operators on the one before, with settings, tensors beside the input, and the output's sizes."""
    nodes, values, previous = [], [], "input"
    for index, (name, operator, settings, tensors, sizes) in enumerate(layers):
        output = "output" if index == len(layers) - 1 else f"{name}.output"
        nodes.append(
            helper.make_node(operator, [previous, *tensors], [output], name=name, **settings)
        )
        values.append(value(output, *sizes))
        previous = output
    source = value("input", *source)
    source.doc_string = "Scaled as in training: bytes of images to 0…1."
    graph = helper.make_graph(
        nodes,
        "maru",
        [source],
        [values.pop()],
        initializer=[*(tensor(*weight) for weight in weights), *constants],
        value_info=values,
    )
    write(path, graph, properties)


write_layers(
    "every.onnx",
    [2, 2],
    [
        ("layers.0", "Flatten", {}, [], [4]),
        ("layers.1", "Gemm", {"transB": 1}, ["layers.1.weight", "layers.1.bias"], [3]),
        ("layers.2", "Relu", {}, [], [3]),
        ("layers.3", "Dropout", {}, ["layers.3.ratio"], [3]),
        ("layers.4", "Gemm", {"transB": 1}, ["layers.4.weight"], [2]),
        ("layers.5", "LeakyRelu", {"alpha": 0.25}, [], [2]),
        ("layers.6", "Sigmoid", {}, [], [2]),
        ("layers.7", "Tanh", {}, [], [2]),
        ("layers.8", "Softplus", {}, [], [2]),
        ("layers.9", "Gelu", {}, [], [2]),
        ("layers.10", "Softmax", {}, [], [2]),
    ],
    [
        ("layers.1.weight", (np.arange(12) - 5).reshape(3, 4) / 4),
        ("layers.1.bias", [0.5, -0.5, 3e38]),
        ("layers.4.weight", [[1, 2, 3], [4, -0.0, 6]]),
        ("layers.3.ratio", 0.25),
    ],
    properties={"class_names": '["a/b","ünder \\"it\\""]'},
)

# Images as Maru has them, [height, width, channels], between operators on [channels, height, width]; what
# stands behind Flatten has its weights in that order.
filters = np.arange(36).reshape(3, 3, 2, 2)
dense = np.arange(24).reshape(2, 2, 2, 3) * 2
write_layers(
    "images.onnx",
    [6, 5, 2],
    [
        ("layers.0.order", "Transpose", {"perm": [0, 3, 1, 2]}, [], [2, 6, 5]),
        (
            "layers.0",
            "Conv",
            {"dilations": [1, 1], "kernel_shape": [3, 2], "pads": [0, 0, 1, 1], "strides": [2, 2]},
            ["layers.0.weight", "layers.0.bias"],
            [3, 3, 3],
        ),
        ("layers.1.order", "Transpose", {"perm": [0, 2, 3, 1]}, [], [3, 3, 3]),
        (
            "layers.1",
            "LayerNormalization",
            {"epsilon": 0.25},
            ["layers.1.gamma", "layers.1.beta"],
            [3, 3, 3],
        ),
        ("layers.2.order", "Transpose", {"perm": [0, 3, 1, 2]}, [], [3, 3, 3]),
        (
            "layers.2",
            "MaxPool",
            {"dilations": [1, 1], "kernel_shape": [2, 2], "pads": [0, 0, 1, 1], "strides": [1, 1]},
            [],
            [3, 3, 3],
        ),
        (
            "layers.3",
            "AveragePool",
            {"dilations": [1, 1], "kernel_shape": [2, 2], "pads": [0, 0, 0, 0], "strides": [1, 1]},
            [],
            [3, 2, 2],
        ),
        ("layers.4", "Flatten", {}, [], [12]),
        ("layers.5", "Relu", {}, [], [12]),
        ("layers.6", "Gemm", {"transB": 1}, ["layers.6.weight", "layers.6.bias"], [2]),
    ],
    [
        ("layers.0.weight", filters.transpose(0, 3, 1, 2)),
        ("layers.0.bias", [1, 2, 3]),
        ("layers.1.gamma", [4, 5, 6]),
        ("layers.1.beta", [7, 8, 9]),
        ("layers.6.weight", dense.transpose(0, 3, 1, 2).reshape(2, 12)),
        ("layers.6.bias", [10, 11]),
    ],
)

# Of three columns the second and the third have an indicator, which stands behind each.
MEAN, OFFSET, FACTOR = [2, 30, 0.5], [1, 20, 0], [0.5, 0.125, 1]
WEIGHT, BIAS = (np.arange(10).reshape(2, 5) - 4) / 8, [0.25, -0.5]
DEVIATION, UNIT = [100, 2], [1000, -1]
nodes, values = [], []


def node(operator, name, inputs, size, type=TensorProto.FLOAT, **settings):
    output = "output" if name == "targets:1" else f"{name}.output"
    nodes.append(helper.make_node(operator, inputs, [output], name=name, **settings))
    values.append(value(output, size, type=type))
    return output


missing = node("IsNaN", "columns", ["input"], 3, type=TensorProto.BOOL)
filled = node("Where", "columns:1", [missing, "columns.mean", "input"], 3)
moved = node("Sub", "columns:2", [filled, "columns.offset"], 3)
scaled = node("Mul", "columns:3", [moved, "columns.factor"], 3)
indicators = node("Cast", "columns:4", [missing], 3, to=TensorProto.FLOAT)
both = node("Concat", "columns:5", [scaled, indicators], 6, axis=1)
inputs = node("Gather", "columns:6", [both, "columns.places"], 5, axis=1)
outputs = node("Gemm", "layers.0", [inputs, "layers.0.weight", "layers.0.bias"], 2, transB=1)
product = node("Mul", "targets", [outputs, "targets.deviation"], 2)
node("Add", "targets:1", [product, "targets.mean"], 2)

source = value("input", 3)
source.doc_string = (
    "Numbers as they are: NaN where missing, 50 for 50 %, 1 for true and yes, 0 for false and no."
)
graph = helper.make_graph(
    nodes,
    "maru",
    [source],
    [values.pop()],
    initializer=[
        tensor("layers.0.weight", WEIGHT),
        tensor("layers.0.bias", BIAS),
        tensor("columns.mean", MEAN),
        tensor("columns.offset", OFFSET),
        tensor("columns.factor", FACTOR),
        tensor("columns.places", [0, 1, 4, 2, 5], np.int64),
        tensor("targets.deviation", DEVIATION),
        tensor("targets.mean", UNIT),
    ],
    value_info=values,
)
model = write("table.onnx", graph, {"columns": '["a","b/c","d"]', "targets": '["price","rent"]'})

# The graph computes what the columns say.
x = np.array([[3, 20, 0.25], [np.nan, np.nan, np.nan], [1, np.nan, 4]], dtype=np.float32)
gone = np.isnan(x)
scaled = (np.where(gone, MEAN, x) - OFFSET) * FACTOR
inputs = np.stack([scaled[:, 0], scaled[:, 1], gone[:, 1], scaled[:, 2], gone[:, 2]], axis=1)
expected = (inputs @ WEIGHT.T + BIAS) * DEVIATION + UNIT
(found,) = ReferenceEvaluator(model).run(None, {"input": x})
assert np.array_equal(found, expected.astype(np.float32)), (found, expected)
