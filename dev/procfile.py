"""The Procfile's processes under `make up`: web first, as it answers people, then the rest.

Seven programs that start at once on two cores make people wait for the six that they do
not talk to. What these do can wait: jobs lie in the outbox until a relay and workers run.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from dev import processes
from dev.stack import ROOT

FIRST = "web"
STARTS_WITHIN_S = 5
HEARD_WITHIN_S = 1  # after it was started, by a message of the process beside it
ENDS_WITHIN_S = 15


@dataclass(frozen=True)
class Honcho:
    """A honcho, and how many processes it is to run."""

    program: "subprocess.Popen[bytes]"
    count: int

    def has_ended(self) -> bool:
        return self.program.poll() is not None

    def has_started_all(self) -> bool:
        """Return whether each runs, beside a process by which honcho reads what it says; for so
        long that honcho has heard of it.
        """
        heard_of = time.time() - HEARD_WITHIN_S
        try:
            found = psutil.Process(self.program.pid).children(recursive=True)
            starts = [each.create_time() for each in found]
        except psutil.NoSuchProcess:
            return False
        return sum(start < heard_of for start in starts) >= 2 * self.count

    def tell_to_end(self) -> None:
        # Told so before it has heard of all, it fails and leaves what it has started.
        processes.wait_for(
            lambda: self.has_ended() or self.has_started_all(),
            seconds=STARTS_WITHIN_S,
        )
        if not self.has_ended():
            self.program.terminate()

    def await_end(self) -> None:
        try:
            self.program.wait(timeout=ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()


class Processes:
    """What of the Procfile runs: a honcho for each time that `start` was called."""

    def __init__(
        self, env: dict[str, str], before_each: Callable[[], None]
    ) -> None:
        """`before_each` is called in each honcho between fork and exec."""
        self._env = env
        self._before_each = before_each
        self._honchos: list[Honcho] = []

    def start(self, *names: str) -> None:
        """Start these lines of the Procfile."""
        # A file that does not exist: honcho would read a .env that migrate has not seen.
        none = str(Path(self._env["LOCAL_DIR"]) / "none")
        program = subprocess.Popen(
            [sys.executable, "-m", "honcho", "-e", none, "start", *names],
            env=self._env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C comes to us alone, and we tell it once
            preexec_fn=self._before_each,  # noqa: PLW1509 (this program has one thread)
        )
        self._honchos.append(Honcho(program, len(names)))

    def has_ended(self) -> bool:
        """Return whether any process has ended; its honcho has then ended those beside it."""
        return any(honcho.has_ended() for honcho in self._honchos)

    def end(self) -> None:
        """End all, at once, and wait for it."""
        for honcho in self._honchos:
            honcho.tell_to_end()
        for honcho in self._honchos:
            honcho.await_end()


def list_others() -> list[str]:
    """Return the names of the Procfile's lines but the first to start."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    names = [line.split(":", 1)[0] for line in lines]
    return [name for name in names if name != FIRST]
