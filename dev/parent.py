"""What `make up` has to do with its parent: die with it, and see a Ctrl-C that only make got."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = (
    1  # Linux: a signal to get when the parent dies. Source: prctl(2)
)


def die_with_it() -> None:
    """Get SIGTERM when the parent dies, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def was_interrupted() -> bool:
    """Return whether make, our parent, has had a SIGINT that was sent to it alone.

    It passes SIGTERM on to us, but waits in silence after SIGINT, since a terminal sends
    that to both. What shows is that it has given up its handler: bit 1 of the caught
    signals. Source: proc(5), SigCgt; GNU make, commands.c."""
    try:
        status = Path(f"/proc/{os.getppid()}/status").read_text()
    except OSError:
        return False  # not Linux
    fields = dict(
        line.split(":\t", 1) for line in status.splitlines() if ":\t" in line
    )
    interrupt = 1 << (signal.SIGINT - 1)
    ignored_or_caught = int(fields["SigCgt"], 16) | int(fields["SigIgn"], 16)
    return fields["Name"].strip() == "make" and not ignored_or_caught & interrupt
