"""Writes every.onnx beside it: a network of each layer as ONNX's own library writes it.

Made with Python 3, ONNX 1.23.2 and NumPy 2.4.6:
    python3 -m venv v && v/bin/pip install onnx==1.23.2 numpy==2.4.6 && v/bin/python make.py
"""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def tensor(name, values):
    return numpy_helper.from_array(np.array(values, dtype=np.float32), name)


def value(name, *sizes):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *sizes])


# The layers, each with its settings, its tensors beside the input, and the size of its output.
LAYERS = [
    ("Flatten", {}, [], 4),
    ("Gemm", {"transB": 1}, ["layers.1.weight", "layers.1.bias"], 3),
    ("Relu", {}, [], 3),
    ("Dropout", {}, ["layers.3.ratio"], 3),
    ("Gemm", {"transB": 1}, ["layers.4.weight"], 2),
    ("LeakyRelu", {"alpha": 0.25}, [], 2),
    ("Sigmoid", {}, [], 2),
    ("Tanh", {}, [], 2),
    ("Softplus", {}, [], 2),
    ("Gelu", {}, [], 2),
    ("Softmax", {}, [], 2),
]

nodes, values, previous = [], [], "input"
for index, (operator, settings, tensors, size) in enumerate(LAYERS):
    output = "output" if index == len(LAYERS) - 1 else f"layers.{index}.output"
    nodes.append(
        helper.make_node(
            operator, [previous, *tensors], [output], name=f"layers.{index}", **settings
        )
    )
    values.append(value(output, size))
    previous = output

source = value("input", 2, 2)
source.doc_string = "Scaled as in training: bytes of images to 0…1."
graph = helper.make_graph(
    nodes,
    "maru",
    [source],
    [values.pop()],
    initializer=[
        tensor("layers.1.weight", (np.arange(12) - 5).reshape(3, 4) / 4),
        tensor("layers.1.bias", [0.5, -0.5, 3e38]),
        tensor("layers.4.weight", [[1, 2, 3], [4, -0.0, 6]]),
        tensor("layers.3.ratio", 0.25),
    ],
    value_info=values,
)
model = helper.make_model(
    graph,
    producer_name="maru",
    doc_string="A network trained by Maru.",
    opset_imports=[helper.make_opsetid("", 20)],
    ir_version=9,
)
helper.set_model_props(model, {"class_names": '["a/b","ünder \\"it\\""]'})
# Only what is not the default of its type is in Maru's files.
model.opset_import[0].ClearField("domain")
onnx.checker.check_model(model, full_check=True)
with open("every.onnx", "wb") as file:
    file.write(model.SerializeToString(deterministic=True))
