"""The log's part of a trace: lines of files, plain or gzipped, as the shop wrote them or as
a container prints them.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from markrin.ops.trace.timeline import TimelineEntry, TraceSearch

_PLAIN = ("timestamp", "level", "event", "request_id", "exception")


class Lines:
    """What a search of the files came to: the moments, and how many lines were looked at."""

    def __init__(self) -> None:
        self.moments: list[TimelineEntry] = []
        self.read = 0
        self.unreadable = 0  # that have one of the ids, and are no JSON: a console's, or a cut one

    def search(self, path: str, clues: TraceSearch) -> None:
        """Keep the lines of the file ("-" is standard input) that belong to the requests,
        or name the id itself.

        Raises:
            OSError: the file cannot be read.
        """
        ids = {each.encode() for each in clues.requests}
        with _open_log(path) as file:
            for line in file:
                self.read += 1
                if any(each in line for each in ids):
                    self._keep_line(line, clues)

    def _keep_line(self, line: bytes, clues: TraceSearch) -> None:
        try:
            # Compose and kubectl write a container's name before each line.
            event = json.loads(line[line.index(b"{") :])
            at = datetime.fromisoformat(event["timestamp"])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.unreadable += 1
            return
        if event.get("request_id") in clues.requests or _names_it(
            event, clues.given
        ):
            aware = at if at.tzinfo else at.replace(tzinfo=UTC)
            self.moments.append(
                TimelineEntry(
                    aware,
                    "log",
                    _entry_text(event),
                    str(event.get("request_id") or ""),
                )
            )


def _names_it(logged: Any, given: str) -> bool:
    """Return whether a value of the line is the id, or a text that has it as a word of its own."""
    return any(
        value == given or str(value).endswith(f":{given}")
        for value in logged.values()
    )


def _entry_text(fields: dict[str, Any]) -> str:
    event, level = fields.get("event", ""), fields.get("level", "info")
    loud = "" if level in ("info", "debug") else f"{level.upper()} "
    if event == "request":
        words = (
            f"{fields.get('method')} {fields.get('route')} {fields.get('status')} in"
            f" {fields.get('duration_ms')} ms"
        )
        words += f", {fields.get('db_queries')} queries in {fields.get('db_ms')} ms"
        words += f", cache {fields['cache']}" if fields.get("cache") else ""
        return f"{loud}request {words}" + (
            f", user {fields['user_id']}" if fields.get("user_id") else ""
        )
    rest = " ".join(
        f"{name}={value}"
        for name, value in fields.items()
        if name not in _PLAIN and value is not None
    )
    last = str(fields.get("exception") or "").strip().rpartition("\n")[2]
    return f"{loud}{event} {rest}".rstrip() + (f" | {last}" if last else "")


@contextmanager
def _open_log(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not zipped:
            yield plain
            return
        with gzip.open(plain) as file:
            yield cast("BinaryIO", file)
