"""Seconds of processor that processes and their children have taken: the same under any load, where
seconds on the clock are not.
"""

import os
import time
from collections.abc import Mapping

import psutil


def read_seconds(pid: int) -> float:
    """Return what the process and all that it has started have taken, those that have ended and
    were waited for included.
    """
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # ended just now, and counted by its parent
            continue
        total += times.user + times.system
        total += times.children_user + times.children_system
    return total


def _read_machine_seconds() -> float:
    """Return what all cores have done for anybody, a hypervisor's other guests included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


class ProcessorTimes:
    """What each of some processes takes, from now on, and what others leave them."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._machine, self._since = _read_machine_seconds(), time.monotonic()
        self._before = {name: read_seconds(pid) for name, pid in pids.items()}

    def milliseconds(self) -> dict[str, float]:
        """Return what each has taken since."""
        return {
            name: max(0.0, read_seconds(pid) - self._before[name]) * 1000
            for name, pid in self._pids.items()
        }

    def find_cores_left(self, more_ms: float = 0) -> float:
        """Return how many cores others have left, in the mean since; `more_ms` is what ours took
        beside these processes. At least a tenth of one.
        """
        seconds = time.monotonic() - self._since
        ours = (sum(self.milliseconds().values()) + more_ms) / 1000
        others = max(0.0, _read_machine_seconds() - self._machine - ours)
        return max(0.1, (os.cpu_count() or 1) - others / seconds)
