"""Trains the workloads on a shared machine, with Maru and with its peers in turn.

Beside it run busy programs, each an endless loop on a processor of its own; or it has a low priority, one
processor, or a part of the processors' time. Maru is measured as it chooses its threads itself, and with
at most each number, of which the best is what it should come near.
"""

import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compare import OURS, Failure, aligned, arguments, installed, machine, measure, note, tell, trains
from compare import with_data
from workloads import WORKLOADS

PEERS = ["numpy", "jax", "torch"]
AT_MOST = "maru, at most "
LOOP = "while True: pass"


@contextmanager
def busy(count):
    """Runs as many endless loops, each pinned to a processor, from the first on."""
    loops = []
    try:
        for processor in sorted(os.sched_getaffinity(0))[:count]:
            loop = subprocess.Popen([sys.executable, "-c", LOOP])
            loops.append(loop)
            os.sched_setaffinity(loop.pid, {processor})
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextmanager
def limited(quota):
    """Makes a control group with so many processors' time, and one in it; gives the path of the inner
    one, for programs to enter. Takes the rights of root."""
    old = Path("/sys/fs/cgroup/cpu")  # version 1
    outer = (old if old.is_dir() else Path("/sys/fs/cgroup")) / f"maru-contention-{os.getpid()}"
    inner = outer / "inner"
    try:
        outer.mkdir()
        period = 100_000
        if old.is_dir():
            (outer / "cpu.cfs_period_us").write_text(str(period))
            (outer / "cpu.cfs_quota_us").write_text(str(int(quota * period)))
        else:
            (outer / "cpu.max").write_text(f"{int(quota * period)} {period}")
        inner.mkdir()
        yield inner
    except OSError as error:
        raise Failure(f"no control group with a quota can be made: {error}") from error
    finally:
        for folder in (inner, outer):
            if folder.is_dir():
                folder.rmdir()


@dataclass(frozen=True)
class State:
    """What the machine leaves to a program."""

    name: str
    loops: int = 0
    nice: int = 0
    processors: int = 0  # the most that it may use; 0 for all
    quota: float = 0  # processors' worth of time; 0 for no limit

    @contextmanager
    def entered(self):
        """Gives the words before a command that bring it into the state."""
        prefix = ["nice", "-n", self.nice] if self.nice else []
        if self.processors:
            chosen = sorted(os.sched_getaffinity(0))[: self.processors]
            prefix += ["taskset", "--cpu-list", ",".join(map(str, chosen))]
        with busy(self.loops):
            if not self.quota:
                yield prefix
                return
            with limited(self.quota) as group:
                enter = f"echo $$ > {group}/cgroup.procs && exec \"$@\""
                yield [*prefix, "sh", "-c", enter, "sh"]


def states(processors):
    return [
        State("quiet"),
        State("one busy loop", loops=1),
        State(f"{processors} busy loops", loops=processors),
        State(f"nice 10, {processors} loops", loops=processors, nice=10),
        State("one processor", processors=1),
        State(f"quota {processors * 0.75:g}", quota=processors * 0.75),
    ]


def run(backend, workload, epochs, directory, prefix):
    threads = backend.removeprefix(AT_MOST) if backend.startswith(AT_MOST) else None
    name = OURS if threads else backend
    return measure(name, workload, epochs, directory, threads=threads, prefix=prefix)


def table(name, states, results):
    """Results are milliseconds an epoch, a list for each backend and state."""
    limits = [backend for backend in results if backend.startswith(AT_MOST)]
    rows = [[name, *states]]
    for backend, by_state in results.items():
        rows.append([backend, *(cell(by_state[state]) for state in states)])
    ours = results[OURS]
    rows.append(["maru / its best", *(share(ours, results, limits, s) for s in states)])
    for peer in [backend for backend in results if backend not in [OURS, *limits]]:
        rows.append([f"maru / {peer}", *(share(ours, results, [peer], s) for s in states)])
    return aligned(rows)


def cell(times):
    if not times:
        return "–"
    return f"{statistics.median(times):.1f} ({min(times):.1f}–{max(times):.1f})"


def share(ours, results, others, state):
    """Our median over the least of the others'."""
    medians = [statistics.median(results[o][state]) for o in others if results[o][state]]
    if not (ours[state] and medians):
        return "–"
    return f"{statistics.median(ours[state]) / min(medians):.2f}"


def main():
    processors = len(os.sched_getaffinity(0))
    by_name = {state.name: state for state in states(processors)}
    parser = arguments(__doc__, PEERS)
    parser.add_argument("--states", choices=by_name, nargs="+", default=list(by_name))
    options = parser.parse_args()
    left_out = []
    peers = installed(options.peers, left_out)
    print("\n".join(machine()))
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64, 128) if count <= processors]
    for name in with_data(options, left_out):
        backends = [OURS, *(f"{AT_MOST}{count}" for count in counts)]
        backends += [peer for peer in peers if trains(peer, name)]
        results = {backend: {state: [] for state in options.states} for backend in backends}
        for turn in range(options.rounds):
            for state in options.states:
                for backend in backends:
                    note(f"{name}, round {turn + 1} of {options.rounds}, {state}: {backend}")
                    try:
                        with by_name[state].entered() as prefix:
                            result = run(
                                backend, name, options.epochs, options.data_directory, prefix
                            )
                        results[backend][state].append(result["ms_per_epoch"])
                    except Failure as failure:
                        left_out.append(f"{state}, {backend} at {name}: {failure}")
        print(f"\n{name}: {WORKLOADS[name]}; ms an epoch, median (least–greatest)")
        print("\n".join(table("", options.states, results)), flush=True)
    tell(left_out)


if __name__ == "__main__":
    main()
