"""Carry the request's id and Sentry trace from whoever asked for a job to the worker that
runs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from markrin import reporting


def current_trace() -> dict[str, str]:
    """Return what a row keeps of the trace it is written in."""
    trace = {}
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        trace["request_id"] = str(request_id)
    if sdk := reporting.find_sdk():
        headers = {
            "sentry-trace": sdk.get_traceparent(),
            "baggage": sdk.get_baggage(),
        }
        trace.update({name: value for name, value in headers.items() if value})
    return trace


@contextmanager
def bind_trace(task: str, trace: dict[str, str]) -> Iterator[None]:
    """Log with the row's request id, and continue its Sentry trace, until the block ends."""
    ids = {"request_id": trace["request_id"]} if "request_id" in trace else {}
    with structlog.contextvars.bound_contextvars(**ids):
        sdk = reporting.find_sdk()
        if sdk is None:
            yield
            return
        with sdk.new_scope() as scope:
            scope.set_tags(ids)
            transaction = sdk.continue_trace(trace, op="queue.process", name=task)
            with sdk.start_transaction(transaction):
                yield


def report_dead(task: str, key: str, error: str) -> None:
    """Tell Sentry of a job that has failed for good, and as foreseen: a person must look.
    One issue for each task.
    """
    sdk = reporting.find_sdk()
    if sdk is None:
        return
    with sdk.new_scope() as scope:
        scope.fingerprint = ["job_dead", task]
        scope.set_tag("job", key)
        sdk.capture_message(f"{task} is dead: {error}", level="error")
