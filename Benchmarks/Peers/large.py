"""Trains on data larger than memory, in turn with the same data in memory, and compares the speed.

    python3 Benchmarks/Peers/large.py [--gigabytes 3] [--runs 3] [--folder DIR] [--within COMMAND]

For IDX, .npy and CSV it makes a file of the size, trains for two epochs without a limit and within one, and
prints the seconds of the epochs, the most memory that is the process's own (RssAnon), and the ratio of the
samples a second. Before each run within the limit, the system forgets the file, so that the first epoch reads
all of it from the disk. COMMAND runs another one within 1 GB of memory, unless given

    systemd-run --scope --quiet -p MemoryMax=1G -p MemorySwapMax=0

Without systemd, `--within "prlimit --data=1000000000"` bounds what is the process's own, and leaves to the
system how much of the file it keeps.
"""

import argparse
import os
import random
import re
import shlex
import statistics
import struct
import subprocess
import tempfile
import time

WITHIN = "systemd-run --scope --quiet -p MemoryMax=1G -p MemorySwapMax=0"
BLOCK = 20_000


def blocks(gigabytes, sample_bytes):
    """How many blocks of samples make the size."""
    return max(1, round(gigabytes * 1e9 / sample_bytes / BLOCK))


def pixels():
    """A block of images of 28x28, and their classes."""
    generator = random.Random(0)
    classes = [generator.randrange(10) for _ in range(BLOCK)]
    images = bytearray(generator.randbytes(BLOCK * 784))
    for image, label in enumerate(classes):
        start = image * 784 + label * 70
        images[start : start + 70] = b"\xff" * 70
    return bytes(images), bytes(classes)


def write(path, header, block, count):
    with open(path, "wb") as file:
        file.write(header)
        for _ in range(count):
            file.write(block)


def npy(type, *shape):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (type, shape)
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def idx(*shape):
    return struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(">%dI" % len(shape), *shape)


def make_idx(folder, gigabytes):
    images, classes = pixels()
    for part, count in ("train", blocks(gigabytes, 784)), ("t10k", 1):
        n = count * BLOCK
        write(f"{folder}/{part}-images-idx3-ubyte", idx(n, 28, 28), images, count)
        write(f"{folder}/{part}-labels-idx1-ubyte", idx(n), classes, count)
    return folder


def make_npy(folder, gigabytes):
    generator = random.Random(0)
    classes = [generator.randrange(4) for _ in range(BLOCK)]
    rows = b"".join(
        struct.pack("<200f", *(generator.random() + (i % 4 == label) / 4 for i in range(200)))
        for label in classes
    )
    for part, count in ("train", blocks(gigabytes, 800)), ("test", 1):
        n = count * BLOCK
        write(f"{folder}/x_{part}.npy", npy("<f4", n, 200), rows, count)
        write(f"{folder}/y_{part}.npy", npy("|u1", n), bytes(classes), count)
    return folder


def make_csv(folder, gigabytes):
    generator = random.Random(0)
    lines = []
    for _ in range(BLOCK):
        label = generator.randrange(4)
        fields = ["%.4f" % (generator.random() + (i % 4 == label) / 4) for i in range(100)]
        lines.append(",".join(fields) + ",%s\n" % "abcd"[label])
    block = "".join(lines).encode()
    header = ",".join(["f%d" % i for i in range(100)] + ["label"]) + "\n"
    write(f"{folder}/rows.csv", header.encode(), block, max(1, round(gigabytes * 1e9 / len(block))))
    return f"{folder}/rows.csv"


def forget(folder):
    """Has the system forget all files of a folder."""
    for root, _, names in os.walk(folder):
        for name in names:
            file = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def most_memory(process, most):
    """The most memory of its own that a command, or one that it has started, has had so far, in MB."""
    for number in [process.pid] + children(process.pid):
        try:
            with open(f"/proc/{number}/status") as file:
                found = re.search(r"RssAnon:\s+(\d+)", file.read())
        except OSError:
            continue
        if found:
            most = max(most, int(found[1]) / 1000)
    return most


def children(number):
    try:
        with open(f"/proc/{number}/task/{number}/children") as file:
            return [int(text) for text in file.read().split()]
    except OSError:
        return []


def train(maru, data, cache, within):
    """Trains for two epochs; gives their seconds, and the most memory of its own in MB."""
    line = within + [
        maru, "train", "--dataset", data, "--layers", "128:relu", "--optimizer", "adam",
        "--batch-size", "128", "--epochs", "2", "--validation-split", "0", "--seed", "1",
        "--progress", "lines",
    ]  # fmt: skip
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            line, stdout=errors, stderr=errors, env=dict(os.environ, XDG_CACHE_HOME=cache)
        )
        memory = 0
        while process.poll() is None:
            memory = most_memory(process, memory)
            time.sleep(0.05)
        errors.seek(0)
        text = errors.read()
    epochs = [int(ms) / 1000 for ms in re.findall(r"^Epoch \d+/\d+ - (\d+)ms", text, re.M)]
    if process.returncode != 0 or len(epochs) != 2:
        raise SystemExit(f"{shlex.join(line)} ended with {process.returncode}:\n{text}")
    return epochs, memory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where the files are made, on a disk")
    parser.add_argument("--within", default=WITHIN)
    parser.add_argument("--maru", default=".build/release/maru")
    options = parser.parse_args()
    for name, make in ("IDX", make_idx), ("npy", make_npy), ("CSV", make_csv):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            os.mkdir(f"{folder}/data")
            data = make(f"{folder}/data", options.gigabytes)
            ratios = {0: [], 1: []}
            for run in range(options.runs):
                kept, _ = train(options.maru, data, f"{folder}/cache", [])
                forget(folder)
                limited, memory = train(
                    options.maru, data, f"{folder}/cache", shlex.split(options.within)
                )
                for epoch in 0, 1:
                    ratios[epoch].append(kept[epoch] / limited[epoch])
                print(
                    f"{name} {run + 1}: in memory {kept[0]:.2f} {kept[1]:.2f} s, within the limit "
                    f"{limited[0]:.2f} {limited[1]:.2f} s, {memory:.0f} MB of its own",
                    flush=True,
                )
            medians = [statistics.median(ratios[epoch]) for epoch in (0, 1)]
            print(
                f"{name}: {medians[0]:.2f} of the speed in memory in the first epoch, "
                f"{medians[1]:.2f} in the second",
                flush=True,
            )


if __name__ == "__main__":
    main()
