"""The load that both sides of a comparison of shops get, from the same two programs: wrk for
reads, and for purchases a client in Node, as one in Python would take as long as the shop.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Protocol

from benchmarks.harness import CONNECTIONS, Measured, NotReady, load, say
from benchmarks.peers.http_calls import call

PEERS = Path(__file__).resolve().parent
LISTED = 12  # products of a page


@dataclass(frozen=True)
class Request:
    """What is sent: a body is JSON."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """Requests for one kind of answer, and how to find in one what was asked for."""

    requests: Sequence[Request]
    found: Callable[[Any], Sequence[Any]]


class Shop(Protocol):
    """A shop that is up, whose carts are filled, added to and bought in that order."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """What every read sends along."""

    @property
    def added(self) -> str:
        """What the answer holds where the line was put into the cart."""

    @property
    def bought(self) -> str:
        """What the answer holds where the order was placed."""

    def reads(self) -> dict[str, Read]:
        """Return the reads by the names of the rows."""

    def start_carts(self, count: int) -> None:
        """Make so many carts with one line each."""

    def second_lines(self) -> list[Request]:
        """Return the request for each cart that puts another variant into it."""

    def checkouts(self) -> list[Request]:
        """Do all that comes before buying the carts; return each one's completing call."""


def read(shop: Shop, what: str, *, folder: Path, seconds: float) -> Measured:
    """Send the requests of one kind by wrk, spread over all of them. Raises: NotReady where
    nothing is answered in the time."""
    path = folder / f"{shop.name.split()[0].lower()}.requests"
    path.write_text(
        "".join(
            f"{each.method}\t{each.path}\t{each.body}\n"
            for each in shop.reads()[what].requests
        )
    )
    headers = [f"{name}: {value}" for name, value in shop.headers.items()]
    seen = load(shop.address, seconds=seconds, headers=headers, requests=path)
    if not seen.requests_per_s:
        raise NotReady(
            f"{shop.name}, {what}: no answer within {seconds:g} s; say --seconds"
        )
    return seen


def check_reads(shop: Shop) -> None:
    """Ask once for each kind and look at it. Raises: NotReady where it is not what was
    asked for: a page of 12 products, variants, or categories."""
    for what, kind in shop.reads().items():
        first = kind.requests[0]
        answer = call(
            shop.address,
            first.method,
            first.path,
            first.body,
            {**shop.headers, **first.headers},
        )
        found = len(kind.found(answer.body)) if answer.status == 200 else 0
        if found != LISTED if "list" in what else not found:
            text = json.dumps(answer.body)[:300]
            raise NotReady(f"{shop.name}, {what}: {answer.status} {text}")


@dataclass(frozen=True)
class Answers:
    """What the client in Node saw of requests that were each sent once."""

    seconds: float
    latencies: list[float]
    """Milliseconds, in no order."""
    wrong: int
    shown: list[str]
    """Some of the answers that are wrong."""


def send_each(base: str, requests: Sequence[Request], *, expect: str) -> Answers:
    """Send each request once, 8 at a time. An answer is wrong unless it is a 2xx that holds
    `expect`. Raises: NotReady where node is missing.
    """
    if shutil.which("node") is None:
        raise NotReady("node sends these requests: install Node")
    plan = {
        "base": base,
        "atOnce": CONNECTIONS,
        "expect": expect,
        "requests": [
            asdict(each)
            | {"headers": {"Content-Type": "application/json", **each.headers}}
            for each in requests
        ],
    }
    done = subprocess.run(
        ["node", str(PEERS / "closed_load.mjs")],
        check=True,
        input=json.dumps(plan),
        capture_output=True,
        text=True,
    )
    return Answers(**json.loads(done.stdout))


def send(shop: Shop, requests: Sequence[Request], *, expect: str) -> Measured:
    """Send each request once, 8 at a time. The rate is of the answers that hold `expect`."""
    seen = send_each(shop.address, requests, expect=expect)
    for text in seen.shown:
        say(f"{shop.name} answered otherwise: {text}")
    right = len(requests) - seen.wrong
    if not right:
        raise NotReady(f"{shop.name} took none of {len(requests)} requests")
    return Measured(
        requests_per_s=right / seen.seconds,
        p50_ms=median(seen.latencies),
        p99_ms=quantiles(seen.latencies, n=100)[-1],
        failures=seen.wrong,
    )
