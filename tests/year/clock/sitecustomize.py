"""For processes below libfaketime, which Python imports by itself: libfaketime 0.9.10 refuses the
`clock_nanosleep` to a moment by which Python's `time.sleep` waits (EINVAL); it leaves `select`
alone.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
