"""Writes the folders beside it: small sound files to begin fuzzing with.

Made with Python 3, NumPy 2.4.6, safetensors 0.8.0 and Pillow 13.0.0:
    python3 -m venv v && v/bin/pip install numpy==2.4.6 safetensors==0.8.0 pillow==13.0.0
    v/bin/python make.py
"""

import gzip
import io
import json
import os
import struct
import zlib

import numpy as np
from numpy.lib import format as npy
from PIL import Image
from safetensors.numpy import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def seed(path):
    """The path, its folder made."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write(path, contents):
    with open(seed(path), "wb") as file:
        file.write(contents)


def idx(kind, sizes, elements):
    return bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + elements


arrays = {
    "bytes": idx(0x08, [2, 2, 3], bytes(range(12))),
    "doubles": idx(0x0E, [2], struct.pack(">2d", 1.5, -2)),
    "number": idx(0x0C, [], struct.pack(">i", -7)),
}
for name, contents in arrays.items():
    write(f"idx/{name}", contents)
    write(f"gzip/{name}", gzip.compress(contents, mtime=0))
half = arrays["bytes"][:9], arrays["bytes"][9:]
write("gzip/members", b"".join(gzip.compress(part, mtime=0) for part in half))

for version in [(1, 0), (2, 0), (3, 0)]:
    with open(seed(f"npy/version{version[0]}"), "wb") as file:
        npy.write_array(file, np.arange(6, dtype="<f4").reshape(2, 3), version)
np.save(seed("npy/fortran.npy"), np.asfortranarray(np.arange(6.0).reshape(2, 3).astype(">f8")))
for kind in ["?", "<u8", ">i2", "<f2", "|i1"]:
    np.save(seed(f"npy/{np.dtype(kind).name}.npy"), np.ones((1, 2, 1), dtype=kind))

parts = {
    "x_train": np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
    "y_train": np.array([2, 0, 0]),
    "x_test": np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
    "y_test": np.array([[1], [0]], dtype=np.uint8),
}
floats = dict(parts, x_train=np.ones((3, 2), "f4"), x_test=np.ones((2, 2), "f8"))
for folder in ["npz", "npz-dataset"]:
    np.savez(seed(f"{folder}/bytes.npz"), **parts)
    np.savez_compressed(seed(f"{folder}/floats.npz"), **floats)

write("csv/header.csv", b"a,label,b\n" + b"".join(b"%d,x%d,0.5\n" % (i, i % 2) for i in range(6)))
write("csv/quoted.csv", b'\xef\xbb\xbf"1","2,""3"""\r\n' + b"-1e-3 ,\tcat\n" * 5)
write("csv/european.csv", b"# a table\nId;size;day;kind\n" + b'1;"1.234,5";true;x\n2;NA;no;y;\n\n' * 5)
write("csv/blanks.csv", b"  1   2.5 a\n 2  12% b\n" * 5)
write("csv/wide.csv", "a|b|label\n1|2|x\n3|4|y\n".encode("utf-16"))


write("table/days.csv", b"day,at,a\n" + b"2024-01-31,12:30,1\n31.12.2024,9:05:01.5,2\n1 Jan 2024,x,3\n")
write("table/numbers.csv", b"1 234,5;1.234,5;12 %;-0,5e-3;+7\n1'000;?;;;0x1\n1e400;-;nan;yes;no\n;;;;\n")
write("table/comment.csv", b"|1x3 Cross validator\n39, State-gov, <=50K.\n\n50, ?, >50K.\n" * 2)


def png(kind, depth, width, rows, interlaced=0, before=b""):
    def chunk(name, data):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">2I5B", width, len(rows), depth, kind, 0, 0, interlaced)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header)]
        + [chunk(*part) for part in before or []]
        + [chunk(b"IDAT", pixels), chunk(b"tEXt", b"a\0b"), chunk(b"IEND", b"")]
    )


write("png/grey.png", png(0, 8, 3, [b"\0\x80\xff", b"\1\2\3"]))
write("png/rgba.png", png(6, 8, 1, [b"\1\2\3\x80"]))
write("png/palette.png", png(3, 2, 4, [b"\x1b"], before=[(b"PLTE", bytes(range(12)))]))
# Of one pixel only the first of the seven passes has any.
write("png/interlaced.png", png(0, 16, 1, [b"\x12\x34"], interlaced=1))



def jpeg(mode, **settings):
    pixels = np.arange(9 * 6 * len(mode), dtype=np.uint8).reshape(6, 9, len(mode)).squeeze() * 5
    file = io.BytesIO()
    Image.fromarray(pixels, mode).save(file, "JPEG", optimize=True, **settings)
    return file.getvalue()


def of_size(file, width, height):
    """A file that tells of another size than it has."""
    start = max(file.find(b"\xff\xc0"), file.find(b"\xff\xc2"))
    return file[: start + 5] + struct.pack(">2H", height, width) + file[start + 9 :]


colours, progressive = jpeg("RGB", subsampling=2), jpeg("RGB", progressive=True)
exif = Image.Exif()
exif[274] = 6
write("jpeg/grey.jpg", jpeg("L", exif=exif))
write("jpeg/colours.jpg", colours)
write("jpeg/progressive.jpg", progressive)
write("jpeg/cmyk.jpg", jpeg("CMYK"))
write("jpeg/giant.jpg", of_size(colours, 8192, 8192))
write("jpeg/cut.jpg", progressive[:-40])
# A segment longer than the file, and a last scan a hundred times.
write("jpeg/length.jpg", colours[:4] + b"\xff\xff" + colours[6:])
scan = progressive[progressive.rfind(b"\xff\xda") : -2]
write("jpeg/scans.jpg", progressive[:-2] + scan * 100 + progressive[-2:])

state = {"0.weight": np.eye(2, 3, dtype="f4"), "0.bias": np.zeros(2, "f4")}
save_file({**state, "2.weight": np.eye(2, dtype="f2")}, seed("safetensors/state"), {"format": "pt"})
save_file({"0.weight": np.ones((2, 2), np.uint8)}, seed("safetensors/bytes"))

layers = [{"type": "dense", "units": 2, "bias": True, "l2": 0.5}, {"type": "leaky_relu", "slope": 1}]
layers += [{"type": "dropout", "rate": 0.5}, {"type": "softmax"}]
save_file(
    {f"layers.{name}": tensor for name, tensor in state.items()},
    seed("model/model"),
    {
        "architecture": json.dumps({"input_shape": [3], "layers": layers}),
        "class_names": '["left", "right"]',
    },
)

figures = {"acc": [0.5, 0.75], "loss": [1.0, float("nan")], "val_loss": [2, 1e300], "seconds": [1, 2]}
write("history/keras.json", json.dumps(figures).encode())
write(
    "history/run.json",
    json.dumps({"history": {"loss": [1, None]}, "params": {"seed": 1, "x": ["y"]}}).encode(),
)


def section(name, contents):
    checksum = zlib.crc32(name + contents)
    return struct.pack("<2IQ", len(name), checksum, len(contents)) + name + contents


def checkpoint(name, figures, optimizer, run, slots, memories):
    """A run of one dense layer, one input and one output, on four samples, after its first epoch.

    Each parameter begins a cache line of 64 bytes.
    """
    arena = struct.pack("<f60xf60x", 0.5, 0.25)
    identity = {"optimizer": optimizer, "figures": ["loss"], "seed": 1}
    identity["parameters"] = ["layers.0.weight [1, 1]", "layers.0.bias [1]"]
    identity["batchSize"] = 2 if slots else 4
    run = {"epoch": 2, "seconds": 0.5, "rateFactor": 1, "shuffling": [1, 2, 3, 4], **run}
    shapes = [shape for memory in memories for shape in memory["shapes"]]
    parts = {
        "settings": b"{}",
        "run": json.dumps({**run, "identity": identity, "memories": memories}).encode(),
        "history": json.dumps(figures).encode(),
        "order": struct.pack("<4i", 2, 0, 3, 1),
        "parameters": arena,
    }
    parts |= {f"slot.{index}": arena for index in range(slots)}
    for index, shape in enumerate(shapes):
        parts[f"memory.{index}"] = struct.pack("<f", 0.5) * int(np.prod(shape))
    parts = [(part.encode(), contents) for part, contents in parts.items()]
    whole = b"".join(section(*part) for part in parts)
    write(f"checkpoint/{name}", b"maru checkpoint 1\n" + whole)
    assert not any(b"\xff" in contents for _, contents in parts)
    write(f"checkpoint-sections/{name}", b"\xff".join(b"\n".join(part) for part in parts))


figures = {"names": ["loss"], "values": [[1.5]], "seconds": [0.25]}
stopping = {"best": 1.5, "best_epoch": 1, "epochs_without_improvement": 0}
stopping = {"callback": "EarlyStopping", "numbers": stopping, "shapes": [[1, 1], [1]]}
steps = {"step": 1, "updates": 3, "samples": 2, "lossSum": 2.5, "metricSums": []}
plateau = {"best": 1.5, "epochs_without_improvement": 0, "epochs_to_cool": 0}
plateau = {"callback": "ReduceOnPlateau", "numbers": plateau, "shapes": []}
checkpoint("adam", figures, "Adam", steps, 2, [stopping, plateau])
solver = {"value": 1.5, "norm": 0.5, "first_norm": 2, "evaluations": 2}
solver |= {"least_value": 1.5, "least_norm": 0.5, "idle": 0}
solver = {"callback": "training", "numbers": solver, "shapes": [[32]] * 3}
rest = {"step": 0, "updates": 1, "samples": 0, "lossSum": 0, "metricSums": []}
checkpoint("lbfgs", figures, "LBFGS", rest, 0, [stopping, solver])
