"""The tier in the process (L1): whole answers in memory, dropped as their tags are touched
anywhere.
"""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterable

from markrin.cache.shared_cache import EVERYTHING, CachedResponse


class Memory:
    """A least-recently-used dictionary of answers, bounded by bytes. Safe for threads.

    `generation` counts what has been dropped. A filler notes it before it reads the shared
    tier and gives it to `put`, which refuses an answer one of whose tags was dropped since:
    the notice may overtake the filler."""

    _REMEMBERED = 10_000  # tags whose last drop is known singly

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[CachedResponse, float]] = (
            OrderedDict()
        )
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self._dropped: dict[str, int] = {}
        # a tag that is not in _dropped was dropped at this generation at the latest
        self._floor = 0
        self.generation = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def bytes(self) -> int:
        """What the answers take."""
        return self._bytes

    def get(self, name: str) -> CachedResponse | None:
        """Return the answer, now the most recently used."""
        entry = self._answers.get(name)
        if entry is None or entry[1] < time.monotonic():
            return None
        try:
            self._answers.move_to_end(name)
        except (
            KeyError
        ):  # dropped between the two lines: what was read may no longer be true
            return None
        return entry[0]

    def put(
        self, name: str, answer: CachedResponse, *, generation: int, ttl_s: float
    ) -> bool:
        """Keep the answer unless a tag of it was dropped after `generation`; return whether
        it is kept.
        """
        with self._lock:
            if any(
                self._dropped.get(tag, self._floor) > generation
                for tag in (*answer.tags, EVERYTHING)
            ):
                return False
            self._remove_entry(name)
            if answer.size > self._max_bytes // 8:
                return False
            self._answers[name] = (answer, time.monotonic() + ttl_s)
            self._bytes += answer.size
            for tag in answer.tags:
                self._names[tag].add(name)
            while self._bytes > self._max_bytes:
                self._remove_entry(next(iter(self._answers)))
            return True

    def drop(self, tags: Iterable[str]) -> None:
        """Forget every answer that carries one of the tags."""
        with self._lock:
            self.generation += 1
            for tag in tags:
                if tag == EVERYTHING:
                    self._clear()
                    continue
                self._dropped[tag] = self.generation
                for name in list(self._names.get(tag, ())):
                    self._remove_entry(name)
            if len(self._dropped) > self._REMEMBERED:
                self._dropped.clear()
                self._floor = self.generation

    def clear(self) -> None:
        """Forget everything."""
        self.drop([EVERYTHING])

    def _clear(self) -> None:
        self._answers.clear()
        self._names.clear()
        self._dropped.clear()
        self._bytes = 0
        self._floor = self.generation

    def _remove_entry(self, name: str) -> None:
        entry = self._answers.pop(name, None)
        if entry is None:
            return
        self._bytes -= entry[0].size
        for tag in entry[0].tags:
            names = self._names[tag]
            names.discard(name)
            if not names:
                del self._names[tag]
