"""The search of a trace, and the entries of its timeline."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened: when (UTC), where it is written, what, and in which request."""

    at: datetime
    source: str
    what: str
    request_id: str = ""


@dataclass
class TraceSearch:
    """What one id has led to.

    `payload` holds names and values of jobs' payloads, such as `("order_id", "0198…")`: so
    the outbox finds an app's jobs without knowing the app. `requests` had to do with what
    was found: their lines are told, but not what else they touched. The given id may be one
    itself."""

    given: str
    requests: set[str] = field(default_factory=set)
    jobs: set[int] = field(default_factory=set)
    payload: set[tuple[str, str]] = field(default_factory=set)
    names: list[str] = field(
        default_factory=list
    )  # what was found, for a person: "order MK-2026-000123"

    def __post_init__(self) -> None:
        self.requests.add(self.given)

    def name(self, what: str) -> None:
        """Print once what was found."""
        if what not in self.names:
            self.names.append(what)
