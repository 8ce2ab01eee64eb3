"""Seconds of processor that processes and their children have taken: the same under any load, where
seconds on the clock are not.
"""

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


class ProcessorTimes:
    """What each of some processes takes, from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: read_seconds(pid) for name, pid in pids.items()}

    def milliseconds(self) -> dict[str, float]:
        """Return what each has taken since."""
        return {
            name: max(0.0, read_seconds(pid) - self._before[name]) * 1000
            for name, pid in self._pids.items()
        }
