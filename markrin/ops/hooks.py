"""What apps join of `manage.py trace` and `doctor`: settings.HOOKS names their functions."""

from collections.abc import Iterator

from markrin.hooks import declare_hook
from markrin.ops.trace.timeline import TimelineEntry, TraceSearch


@declare_hook
def trace_find(*, clues: TraceSearch) -> None:
    """Add what of the app the id names, and what the request has touched."""


@declare_hook
def trace_tell(*, clues: TraceSearch) -> dict[str, Iterator[TimelineEntry]]:
    """Return what happened to what was found, by the kind of thing."""
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def request_addresses(*, requests: list[str]) -> dict[str, str | None]:
    """Return the client's address that the app has noted for these requests, by their ids."""
    raise NotImplementedError  # never run: only the signature counts
