"""The workloads, their data, and the command line that the peers share."""

import argparse
import gzip
import json
import math
import os
import statistics
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workload:
    name: str
    dataset: str  # "tiny" is made here
    sizes: tuple  # of the dense layers, from what they take to the classes; relu between them
    optimizer: str  # "sgd" or "adam"
    learning_rate: float
    batch_size: int
    validation_count: int = 0  # the last images, scored after each epoch
    stages: tuple = ()  # before the dense layers: Convolution, with relu, and Pooling

    @property
    def pixels(self):
        return 784 if self.stages else self.sizes[0]

    def __str__(self):
        text = "→".join(map(str, [*self.stages, *self.sizes[bool(self.stages) :]]))
        text += f", {self.optimizer} {self.learning_rate}, batch {self.batch_size}"
        if self.dataset == "tiny":
            return text + ", 10,000 samples"
        text += f", {60_000 - self.validation_count:,} images of {self.dataset}"
        if self.validation_count:
            text += f", {self.validation_count:,} more scored after each epoch"
        return text


@dataclass(frozen=True)
class Convolution:
    filters: int
    size: int
    padding: str  # "valid" or "same"

    def __str__(self):
        return f"{self.filters} of {self.size}×{self.size}"


@dataclass(frozen=True)
class Pooling:
    """The largest of squares side by side."""

    size: int

    def __str__(self):
        return f"max {self.size}"


LENET = (Convolution(6, 5, "valid"), Pooling(2), Convolution(16, 5, "valid"), Pooling(2))
WIDE = tuple(
    stage
    for filters in (32, 64)
    for stage in (*[Convolution(filters, 3, "same")] * 2, Pooling(2))
)

WORKLOADS = {
    workload.name: workload
    for workload in [
        Workload("softmax-mnist", "mnist", (784, 10), "sgd", 0.01, 64, 12_000),
        Workload("mlp-fashion", "fashion-mnist", (784, 128, 10), "adam", 0.001, 32),
        Workload("mlp-512", "mnist", (784, 512, 512, 10), "adam", 0.001, 128),
        Workload("tiny", "tiny", (4, 32, 16, 4), "sgd", 0.01, 32),
        Workload("lenet-5", "mnist", (256, 120, 84, 10), "adam", 0.001, 128, stages=LENET),
        Workload("cnn-fashion", "fashion-mnist", (3136, 128, 10), "adam", 0.001, 64, stages=WIDE),
    ]
}


@dataclass(frozen=True)
class Data:
    """Images as rows of bytes, labels as bytes; each peer keeps them as suits it best."""

    images: "np.ndarray"
    labels: "np.ndarray"
    validation_images: "np.ndarray"
    validation_labels: "np.ndarray"


def read_idx(path):
    """The array of bytes in an IDX file, which may be gzipped."""
    import numpy as np  # here, since compare.py reads the workloads before NumPy is installed

    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: expected an IDX file of bytes, got {content[:4].hex()}")
    header = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:header])
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise ValueError(f"{path}: expected {expected} bytes, got {len(content)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def tiny_samples():
    """10,000 samples of four bytes, and the place of the largest, the first of equal ones.

    The bytes are the highest of numbers of a linear congruential generator (Press et al. 1992), as in
    Maru's benchmark.
    """
    import numpy as np

    state, pixels = 1, bytearray()
    for _ in range(40_000):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        pixels.append(state >> 24)
    samples = np.frombuffer(pixels, np.uint8).reshape(-1, 4)
    return samples, samples.argmax(1).astype(np.uint8)


def find_files(dataset, directory=None):
    """The training images and labels, from the first folder that has both, in `maru`'s order."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    places = [os.environ.get("MARU_DATA"), Path(cache, "maru"), "/usr/share/datasets"]
    folders = [Path(directory, dataset), Path(directory)] if directory else []
    folders += [Path(place, dataset) for place in places if place]
    for folder in folders:
        names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
        files = [find_file(folder / name) for name in names]
        if all(files):
            return files
    raise FileNotFoundError(f"{dataset} is in none of {', '.join(map(str, folders))}")


def find_file(path):
    """The file or its gzipped form, or None."""
    forms = [path, path.with_name(path.name + ".gz")]
    return next((form for form in forms if form.is_file()), None)


def load(workload, directory=None):
    if workload.dataset == "tiny":
        images, labels = tiny_samples()
    else:
        images, labels = map(read_idx, find_files(workload.dataset, directory))
    images = images.reshape(-1, workload.pixels)
    count = len(images) - workload.validation_count
    return Data(images[:count], labels[:count], images[count:], labels[count:])


def run(backend, train, threads, core=None, variants=()):
    """Trains what the command line asks for and prints the result as a line of JSON.

    `train(workload, data, epochs, epoch_ended)`, with the variant as one more argument where there
    are some, calls `epoch_ended(loss, accuracy, …)` with the
    epoch's figures as numbers, so that all its work is done by then.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--workload", choices=WORKLOADS, required=True)
    parser.add_argument("--epochs", type=int, default=5, help="measured ones; one more warms up")
    parser.add_argument("--data-directory")
    if variants:
        parser.add_argument("--variant", choices=variants)
    options = parser.parse_args()
    workload = WORKLOADS[options.workload]
    data = load(workload, options.data_directory)

    ends, accuracies = [], []

    def epoch_ended(loss, accuracy, validation_loss=None, validation_accuracy=None):
        ends.append(time.perf_counter())
        accuracies.append(accuracy)
        figures = [loss, accuracy, validation_loss, validation_accuracy]
        print(*(f"{figure:.4f}" for figure in figures if figure is not None), file=sys.stderr)

    variant = [options.variant] if variants else []
    train(workload, data, options.epochs + 1, epoch_ended, *variant)
    seconds = statistics.median(end - start for start, end in zip(ends, ends[1:]))
    samples = len(data.images)
    steps = -(-samples // workload.batch_size)
    result = {
        "workload": workload.name,
        "backend": backend,
        "threads": threads,
        "core": core,
        "epochs": options.epochs,
        "ms_per_epoch": round(seconds * 1e3, 3),
        "us_per_step": round(seconds * 1e6 / steps, 3),
        "samples_per_second": round(samples / seconds),
        "accuracy": round(accuracies[-1], 5),
    }
    print(json.dumps(result))
