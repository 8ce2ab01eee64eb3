"""For processes below libfaketime, which Python imports by itself: libfaketime 0.9.10 refuses the
`clock_nanosleep` to a moment by which Python's `time.sleep` waits (EINVAL); it leaves `select`
alone.
"""

import select
import sys
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
# Who waits for the interpreter looks at the clock each so many seconds, and here each look reads a
# file: with Python's 5 ms, threads that wait cost more than those that work.
sys.setswitchinterval(0.02)
