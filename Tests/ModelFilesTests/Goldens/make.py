"""Writes the files beside it: what the Python libraries make of a few small arrays.

Made with Python 3, NumPy 2.4.6 and safetensors 0.8.0:
    python3 -m venv v && v/bin/pip install numpy==2.4.6 safetensors==0.8.0 && v/bin/python make.py
"""

import json
import os

import numpy as np
from safetensors.numpy import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))

weight = np.array([[1, -2, 0.5], [0.1, 3e38, -0.0]], dtype=np.float32)
bias = np.array([0.25, -1], dtype=np.float32)

# The library does not keep the order of texts under __metadata__, so there is only one.
save_file(
    {"layers.0.weight": weight, "layers.0.bias": bias}, "tiny.safetensors", {"format": "maru"}
)

# A model as Maru writes it: a vector of three, to two units, to two more, and a softmax.
architecture = {
    "input_shape": [3],
    "layers": [
        {"type": "dense", "units": 2, "bias": True, "l2": 0.5},
        {"type": "leaky_relu", "slope": 0.25},
        {"type": "dense", "units": 2, "bias": False},
        {"type": "softmax"},
    ],
}
save_file(
    {
        "layers.0.weight": weight,
        "layers.0.bias": bias,
        "layers.2.weight": np.array([[1, 2], [3, 4]], dtype=np.float32),
    },
    "model.safetensors",
    {
        "format": "maru",
        "architecture": json.dumps(architecture),
        "class_names": json.dumps(["left", "ünder"]),
    },
)

for rank, sizes in enumerate([(), (5,), (2, 3), (2, 1, 4)]):
    array = (np.arange(np.prod(sizes, dtype=int), dtype=np.float32) - 1.5).reshape(sizes)
    np.save(f"rank{rank}.npy", array)
