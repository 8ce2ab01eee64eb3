"""The clock of every process of a made-up year: Python's, PostgreSQL's and Valkey's alike.

libfaketime (Debian's package of that name) adds to the system's clock what stands in a file, read
anew at each look. So all processes see the same time, whoever started them, and the shop needs
no clock of its own that a test could set. Only the time of day moves: what waits for so many
seconds (`CLOCK_MONOTONIC`) waits as ever.
"""

import math
import os
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
_PLACES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
)


def find_library() -> str | None:
    """Return where libfaketime is installed, or None."""
    return next((place for place in _PLACES if Path(place).exists()), None)


def build_environment(library: str, offset: Path) -> dict[str, str]:
    """Return what lets a process, and all that it starts, live by the clock of this file."""
    path = os.environ.get("PYTHONPATH", "")
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",  # the same, as older releases call it
        "NO_FAKE_STAT": "1",  # files keep their real times: compiled modules stay valid
        "PYTHONPATH": f"{HERE}{os.pathsep}{path}" if path else str(HERE),
    }


class Clock:
    """The file that says how far all clocks are from the system's, in whole seconds."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset_s = int(file.read_text()) if file.exists() else 0

    def set_offset(self, seconds: int) -> None:
        """Write the distance, so that no process reads half of it."""
        self._offset_s = seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.chmod(0o644)  # PostgreSQL may run as another user
        new.rename(self._file)

    def move_to(self, moment: datetime) -> None:
        """Move all clocks on to this moment; one that has passed changes nothing."""
        ahead = (moment - datetime.now(UTC)).total_seconds()
        if ahead > 0:
            self.set_offset(self._offset_s + math.ceil(ahead))
