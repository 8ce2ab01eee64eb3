"""Where log lines go: a file or standard output, a JSON object each, written in batches.

A line waits in memory for at most FLUSH_S; an error, the end of the process and a full
buffer write at once. So the request log costs a request microseconds, and a crash at most
the last fifth of a second of it."""

import atexit
import os
import sys
import threading
import time
from typing import BinaryIO

import orjson

FLUSH_S = 0.2
_FULL_BYTES = 64 * 1024


class Lines:
    """A writer of lines, safe for threads and forks."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._pid = 0
        self._file: BinaryIO | None = None

    def write(self, line: bytes, *, now: bool = False) -> None:
        """Write a line, `now` or in a moment."""
        with self._lock:
            if self._pid != os.getpid():
                self._start_thread()
            self._waiting.append(line)
            self._bytes += len(line)
            if now or self._bytes > _FULL_BYTES:
                self._flush_lines()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            self._flush_lines()

    def _start_thread(self) -> None:
        """Start to flush in this process; what a parent had waiting is the parent's to write."""
        self._pid, self._waiting, self._bytes = os.getpid(), [], 0
        # for life
        self._file = open(self._path, "ab", buffering=0) if self._path else None  # noqa: SIM115
        threading.Thread(
            target=self._flush_for_ever, name="log-lines", daemon=True
        ).start()
        atexit.register(self.flush)

    def _flush_for_ever(self) -> None:
        while True:
            time.sleep(FLUSH_S)
            self.flush()

    def _flush_lines(self) -> None:
        if not self._waiting:
            return
        data = b"\n".join(self._waiting) + b"\n"
        self._waiting, self._bytes = [], 0
        try:
            if self._file is not None:
                self._file.write(data)
            else:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
        except (OSError, ValueError):
            return  # a full disk or a closed pipe must not stop the shop


def dump_json(event: object) -> bytes:
    """Return an event as JSON; what JSON has no word for becomes text."""
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)
