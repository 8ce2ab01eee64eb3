"""Sends every row of bad input to every endpoint that has a place for it, and judges the
answers.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client

from markrin.api import errors
from tests.fuzz import inputs
from tests.fuzz.endpoints import Endpoint
from tests.fuzz.sample_shop import Ids

WRITES = """SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)
FROM pg_stat_xact_user_tables"""


@dataclass
class Tally:
    """What came back, by row, and what was wrong with it."""

    rows: dict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    endpoints: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many requests were sent."""
        return sum(sum(counts.values()) for counts in self.rows.values())

    def lines(self) -> Iterator[str]:
        """Yield the table: a line for each kind of input, a column for each status."""
        yield from lines("input", self.rows)
        rows, endpoints, wrong = (
            len(self.rows),
            len(self.endpoints),
            len(self.wrong),
        )
        yield f"{rows} inputs, {endpoints} endpoints, {self.tried} requests, {wrong} wrong"


def lines(title: str, rows: Mapping[str, Counter[int]]) -> Iterator[str]:
    """Yield a table of how often each status came back: a line for each name, a column for
    each status.
    """
    statuses = sorted({status for counts in rows.values() for status in counts})
    yield f"{title:52}" + "".join(f"{status:>7}" for status in statuses)
    for name, counts in rows.items():
        yield f"{name[:52]:52}" + "".join(
            f"{counts[status] or '':>7}" for status in statuses
        )
    total = sum((counts for counts in rows.values()), Counter())
    yield f"{'in all':52}" + "".join(f"{total[status]:>7}" for status in statuses)


def run(
    endpoints: Iterable[Endpoint], headers: dict[str, str], *, every: int = 1
) -> Tally:
    """Try every row at every endpoint, or with `every=7` at each seventh, another seventh
    for each row.

    Must run in a transaction: that is how it sees that nothing was written.
    """
    tally, ids, client = Tally(), Ids(), Client(raise_request_exception=False)
    for number, endpoint in enumerate(endpoints):
        rows = [*inputs.BODIES, *inputs.REST, *inputs.of_fields(endpoint)]
        for index, row in enumerate(rows):
            if (index + number) % every:
                continue
            request = row.make(endpoint, ids)
            if request is not None:
                _try(tally, client, endpoint, row, request, headers)
    return tally


def _try(
    tally: Tally,
    client: Client,
    endpoint: Endpoint,
    row: inputs.Row,
    request: inputs.Request,
    who: dict[str, str],
) -> None:
    before = _writes()
    method = request.method or endpoint.method
    answer = client.generic(
        method,
        request.path,
        request.body,
        (
            request.content_type
            if request.body or request.content_type == "application/json"
            else ""
        ),
        headers={"Idempotency-Key": str(uuid.uuid4()), **who, **request.headers},
        QUERY_STRING=request.query,
    )
    tally.rows[row.name][answer.status_code] += 1
    tally.endpoints.add(str(endpoint))
    wrong = list(_faults(row, answer, method))
    if _writes() != before:
        wrong.append("something was written")
    if wrong:
        shown = (
            f"{request.path}?{request.query} {request.body[:200]!r} → {answer.status_code}"
            f" {answer.content[:300]!r}"
        )
        tally.wrong.append(
            f"{row.name} at {endpoint}: {'; '.join(wrong)}\n    {shown}"
        )


def _faults(row: inputs.Row, answer: Any, method: str) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    if answer.status_code not in row.status:
        yield f"{answer.status_code} instead of {row.status}"
    if answer.headers.get("Content-Type") != errors.PROBLEM_TYPE:
        yield f"the answer is {answer.headers.get('Content-Type')}"
        return
    problem = json.loads(answer.content)
    kind = errors.ShopError.registry.get(problem.get("code", ""))
    if kind is None or (kind.status, problem["status"]) != (
        answer.status_code,
        answer.status_code,
    ):
        yield "the code is not listed for the status"
    if not {"type", "title", "detail", "requestId"} <= set(problem):
        yield "the problem document lacks a member"
    places = [
        found.get("pointer", found.get("parameter", found.get("header")))
        for found in problem.get("errors", ())
    ]
    if row.place is not None and not any(
        str(place).startswith(row.place) for place in places
    ):
        yield f"it points at {places} and not at {row.place}"
    if inputs.CANARY in answer.content.decode().replace(
        "/kanarienvogel", ""
    ):  # a name is shown, a value never
        yield "it repeats what was sent"


def _writes() -> int:
    """Return how many rows this transaction has touched so far, also where a savepoint has
    undone it.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITES)
        (count,) = cursor.fetchone()
    return int(count)
