import gzip
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import numpy as np

import compare
import compare_lapack
import compare_load
import contention
import lapack_peer
import load_peer
import workloads

IMAGES = b"\0\0\x08\x03" + b"\0\0\0\x02" + b"\0\0\0\x01" + b"\0\0\0\x03" + bytes([1, 2, 3, 4, 5, 6])


class ReadIDXTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "images"

    def read(self, content):
        self.path.write_bytes(content)
        return workloads.read_idx(self.path)

    def test_bytes_keep_their_shape_and_order(self):
        np.testing.assert_array_equal(self.read(IMAGES), [[[1, 2, 3]], [[4, 5, 6]]])

    def test_gzip_is_read_alike(self):
        np.testing.assert_array_equal(self.read(gzip.compress(IMAGES)), self.read(IMAGES))

    def test_wrong_lengths_are_refused(self):
        for content in [IMAGES[:-1], IMAGES + b"\0"]:
            with self.assertRaisesRegex(ValueError, "expected 22 bytes, got 2[13]"):
                self.read(content)

    def test_other_files_are_refused(self):
        for content in [b"", b"\0\0\x0d\x01" + IMAGES[4:]]:
            with self.assertRaisesRegex(ValueError, "expected an IDX file of bytes"):
                self.read(content)


class LoadTests(unittest.TestCase):
    workload = workloads.Workload("small", "mnist", (2, 10), "sgd", 0.1, 2, 2)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "mnist").mkdir()
        images = b"\0\0\x08\x02\0\0\0\x05\0\0\0\x02" + bytes(range(10))
        (self.folder / "mnist/train-images-idx3-ubyte").write_bytes(images)
        labels = gzip.compress(b"\0\0\x08\x01\0\0\0\x05" + bytes(range(5)))
        (self.folder / "mnist/train-labels-idx1-ubyte.gz").write_bytes(labels)

    def test_the_last_images_are_for_validation(self):
        data = workloads.load(self.workload, self.folder)
        np.testing.assert_array_equal(data.images, [[0, 1], [2, 3], [4, 5]])
        np.testing.assert_array_equal(data.labels, [0, 1, 2])
        np.testing.assert_array_equal(data.validation_images, [[6, 7], [8, 9]])
        np.testing.assert_array_equal(data.validation_labels, [3, 4])

    def test_a_folder_that_lacks_a_file_is_passed_over(self):
        (self.folder / "lacking/mnist").mkdir(parents=True)
        (self.folder / "lacking/mnist/train-images-idx3-ubyte").touch()
        with mock.patch.dict(os.environ, {"MARU_DATA": str(self.folder)}):
            images, labels = workloads.find_files("mnist", self.folder / "lacking")
        self.assertEqual(images, self.folder / "mnist/train-images-idx3-ubyte")
        self.assertEqual(labels, self.folder / "mnist/train-labels-idx1-ubyte.gz")

    def test_missing_data_are_named_with_the_places(self):
        environment = {"MARU_DATA": "/nowhere", "XDG_CACHE_HOME": "/cache"}
        places = "/nothing/no, /nothing, /nowhere/no, /cache/maru/no, /usr/share/datasets/no"
        with mock.patch.dict(os.environ, environment):
            with self.assertRaisesRegex(FileNotFoundError, f"^no is in none of {places}$"):
                workloads.find_files("no", "/nothing")


def result(milliseconds, threads=2, core="Haswell"):
    return {
        "ms_per_epoch": milliseconds,
        "us_per_step": milliseconds * 2,
        "samples_per_second": 1e6 / milliseconds,
        "accuracy": 0.9,
        "threads": threads,
        "core": core,
    }


class CompareTests(unittest.TestCase):
    results = {
        "maru": [result(10), result(30), result(11)],
        "numpy": [result(44), result(40), result(1000, core=None)],
        "jax": [],
    }

    def test_a_ratio_is_that_of_the_medians(self):
        self.assertEqual(compare.ratio(self.results, "numpy"), "0.25")

    def test_a_backend_that_failed_has_no_ratio(self):
        self.assertEqual(compare.ratio(self.results, "jax"), "–")
        self.assertEqual(compare.ratio({"maru": [], "numpy": [result(1)]}, "numpy"), "–")

    def test_tables_are_aligned_and_leave_out_what_failed(self):
        self.assertEqual(
            compare.workload_table(self.results),
            [
                "       ms/epoch      min–max  µs/step  samples/s  accuracy  threads     core  ours/peer",
                "maru       11.0    10.0–30.0     22.0     90,909    0.9000        2  Haswell",
                "numpy      44.0  40.0–1000.0     88.0     22,727    0.9000        2  Haswell       0.25",
            ],
        )
        self.assertEqual(
            compare.ratio_table({"softmax-mnist": self.results}, ["numpy", "jax"]),
            ["ours/peer      numpy  jax", "softmax-mnist   0.25    –"],
        )

    def test_bars_are_as_long_as_the_medians(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "peers.svg"
            compare.draw(path, {"mlp-512": self.results})
            tree = ElementTree.parse(path)
        named = lambda kind: [
            node for node in tree.iter() if node.get("class") == kind
        ]
        self.assertEqual([node.text for node in named("name")], ["maru", "numpy"])
        self.assertEqual([node.text for node in named("value")], ["11.0 ms", "44.0 ms"])
        self.assertEqual(
            4 * float(named("ours")[0].get("width")), float(named("peer")[0].get("width"))
        )
        self.assertEqual(
            named("head")[0].text,
            "784→512→512→10, adam 0.001, batch 128, 60,000 images per epoch",
        )

    def test_a_failure_is_the_last_line_of_the_program(self):
        program = "import sys; print('first\\nlast\\n', file=sys.stderr); sys.exit(3)"
        with self.assertRaisesRegex(compare.Failure, "^last$"):
            compare.output([sys.executable, "-c", program])
        with self.assertRaisesRegex(compare.Failure, "^ended with status 3$"):
            compare.output([sys.executable, "-c", "raise SystemExit(3)"])

    def test_only_what_a_backend_has_is_asked_of_it(self):
        self.assertTrue(compare.trains("numpy", "tiny"))
        self.assertFalse(compare.trains("numpy", "lenet-5"))
        self.assertFalse(compare.trains("torch-channels-last", "mlp-512"))
        self.assertTrue(compare.trains("torch-channels-last", "cnn-fashion"))
        with mock.patch.object(compare, "output", return_value='{"a": 1}') as output:
            compare.measure("torch-channels-last", "lenet-5", 3, None, prefix=["nice"])
        command, environment = output.call_args.args
        self.assertEqual((command[0], Path(command[2]).name), ("nice", "torch_peer.py"))
        self.assertEqual(command[-2:], ["--variant", "channels-last"])
        self.assertEqual(environment, {})

    def test_keras_is_told_its_backend(self):
        with mock.patch.object(compare, "output", return_value='{"a": 1}\n{"a": 2}\n') as output:
            self.assertEqual(compare.measure("keras-jax", "mlp-512", 3, "data"), {"a": 2})
        command, environment = output.call_args.args
        self.assertEqual(Path(command[1]).name, "keras_peer.py")
        self.assertEqual(
            command[2:],
            ["--workload", "mlp-512", "--epochs", 3, "--data-directory", "data"],
        )
        self.assertEqual(environment, {"KERAS_BACKEND": "jax"})


class LAPACKTests(unittest.TestCase):
    def test_every_routine_solves_what_it_is_named_after(self):
        for dtype, bound in [("float32", 1e-4), ("float64", 1e-12)]:
            for routine, call in lapack_peer.ROUTINES.items():
                a, b = lapack_peer.operands(routine, 12, dtype)
                self.assertEqual(a.dtype, dtype)
                result = call(a, b)
                residuals = {
                    "solve": lambda: a @ result - b,
                    "inverse": lambda: a @ result - np.eye(12),
                    "cholesky": lambda: result @ result.T - a,
                    "qr": lambda: result[0] @ result[1] - a,
                    "singular-values": lambda: np.sum(result**2) - np.sum(a**2),
                    "svd": lambda: result[0] * result[1] @ result[2] - a,
                    "eigen-symmetric": lambda: result[1] * result[0] @ result[1].T - a,
                    "least-squares": lambda: a.T @ (a @ result[0] - b),
                    "least-squares-qr": lambda: a.T @ (a @ result[1][:12] - b),
                }
                with self.subTest(routine=routine, dtype=dtype):
                    self.assertLess(np.max(np.abs(residuals[routine]())), bound)

    def test_both_measure_the_same_routines(self):
        lines = '{"routine": "qr", "n": 8, "median_ms": 2.5}\n'
        with mock.patch.object(compare_lapack, "output", return_value=lines) as output:
            for backend, name in [("maru", "benchmarks"), ("numpy", "lapack_peer.py")]:
                times = compare_lapack.measure(backend, "float32", [8], 3)
                self.assertEqual(times, {("qr", 8): 2.5})
                command = list(map(str, output.call_args.args[0]))
                self.assertTrue(any(Path(word).name == name for word in command[:2]))
                self.assertEqual(
                    command[-6:], ["--dtype", "float32", "--repeats", "3", "--sizes", "8"]
                )

    def test_a_ratio_is_that_of_the_medians(self):
        ours = [{("qr", 8): time} for time in [1.0, 9.0, 2.0]]
        peer = [{("qr", 8): time} for time in [4.0, 5.0, 1.0]]
        self.assertEqual(
            compare_lapack.table(ours, peer, "float32"),
            [
                "float32  n  maru ms  numpy ms  ours/peer",
                "qr       8    2.000     4.000       0.50",
            ],
        )


class ContentionTests(unittest.TestCase):
    def test_loops_run_as_long_as_the_block(self):
        with contention.busy(1):
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
            loops = children.read_text().split()
            self.assertEqual(len(loops), 1)
            first = min(os.sched_getaffinity(0))
            self.assertEqual(os.sched_getaffinity(int(loops[0])), {first})
        self.assertEqual(children.read_text().split(), [])

    def test_a_state_is_what_its_name_says(self):
        show = "import os; print(os.nice(0), len(os.sched_getaffinity(0)), open('/proc/self/cgroup').read())"
        with contention.State("", nice=7, processors=1).entered() as prefix:
            words = compare.output([*prefix, sys.executable, "-c", show]).split()
        self.assertEqual(words[:2], ["7", "1"])
        try:
            with contention.State("", quota=0.5).entered() as prefix:
                text = compare.output([*prefix, sys.executable, "-c", show])
        except compare.Failure as failure:
            self.skipTest(f"{failure}; run it as root")
        self.assertIn("/inner", text)

    def test_shares_are_of_medians_and_of_the_best_limit(self):
        at_most = contention.AT_MOST
        results = {
            "maru": {"quiet": [11, 12, 40]},
            f"{at_most}1": {"quiet": [20, 20, 20]},
            f"{at_most}2": {"quiet": [9, 10, 30]},
            "numpy": {"quiet": [24]},
            "jax": {"quiet": []},
        }
        lines = contention.table("x", ["quiet"], results)
        shares = [line.split()[-1] for line in lines if " / " in line]
        self.assertEqual(shares, ["1.20", "0.50", "–"])
        self.assertIn("12.0 (11.0–40.0)", lines[1])


class LoadTableTests(unittest.TestCase):
    def read(self, library, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            path.write_text(text)
            return load_peer.arrays(library, load_peer.read(library, path))

    def test_samples_and_labels_are_the_same_in_each_library(self):
        for library in load_peer.LIBRARIES:
            with self.subTest(library=library):
                samples, labels = self.read(library, "label,a,b\n1,0,255\n0,7,8\n")
                self.assertEqual(samples.dtype, np.uint8)
                self.assertTrue(samples.flags.c_contiguous)
                np.testing.assert_array_equal(samples, [[0, 255], [7, 8]])
                np.testing.assert_array_equal(labels, [1, 0])
                samples, labels = self.read(library, "a,b,label\n0.5,256,3\n-7,8,4\n")
                self.assertEqual(samples.dtype, np.float32)
                np.testing.assert_array_equal(samples, [[0.5, 256], [-7, 8]])
                np.testing.assert_array_equal(labels, [3, 4])
                self.assertEqual(self.read(library, "label,a\n1,256\n")[0].dtype, np.float32)
                self.assertEqual(self.read(library, "label,a\n1,-1\n")[0].dtype, np.float32)

    def test_both_read_the_same_file(self):
        lines = '{"ms": 2.5}\n{"ms": 3.5}\n'
        with mock.patch.object(compare_load, "output", return_value=lines) as output:
            for backend, name in [("maru", "benchmarks"), ("polars", "load_peer.py")]:
                results = compare_load.measure(backend, "t.csv", 2)
                self.assertEqual(results, [{"ms": 2.5}, {"ms": 3.5}])
                command = list(map(str, output.call_args.args[0]))
                self.assertTrue(any(Path(word).name == name for word in command[:2]))
                self.assertIn("t.csv", command)
                self.assertEqual(command[-2:], ["--repeats", "2"])

    def test_a_ratio_is_that_of_the_medians(self):
        reading = lambda ms, **more: {"rows": 1000, "features": 3, "ms": ms, **more}
        results = {
            "maru": [reading(10), reading(90), reading(20)],
            "pandas": [reading(80, read_ms=50), reading(80, read_ms=60), reading(1, read_ms=1)],
        }
        self.assertEqual(
            compare_load.table("floats", 4, results),
            [
                "floats  read ms  ready ms  min–max  MB/s   rows  features  ours/peer",
                "maru          –        20    10–90   200  1,000         3",
                "pandas       50        80     1–80    50  1,000         3       0.25",
            ],
        )


if __name__ == "__main__":
    unittest.main()
