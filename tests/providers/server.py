"""What both stand-ins share: the HTTP server, the clock, faults, and the delivery of webhooks."""

from __future__ import annotations

import itertools
import json
import re
import time
from abc import ABC, abstractmethod
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import itemgetter
from threading import Event, RLock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json"
HTML = "text/html; charset=utf-8"
HANG_S = (
    120.0  # a hanging answer ends then, so that no test's server waits for ever
)


@dataclass
class Answer:
    """What one request is answered with."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, document: Any, **headers: str) -> Answer:
        return cls(status, json.dumps(document).encode(), JSON, headers)

    @classmethod
    def redirect(cls, url: str) -> Answer:
        return cls(303, b"", HTML, {"Location": url})


class Refused(Exception):
    """The API refuses a request; `answer` says why in the provider's form."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


@dataclass
class Call:
    """One request: the path without the query, what was sent as nested dicts and lists."""

    method: str
    path: str
    query: dict[str, Any]
    sent: dict[str, Any]
    headers: dict[str, str]  # names in lower case


@dataclass
class Fault:
    """What goes wrong with requests whose `METHOD /path` fits the regular expression `where`.

    Kinds: `status` answers `status` and does nothing; `drop` ends the connection and does nothing;
    `lost` does what was asked and ends the connection without an answer; `slow` answers after
    `seconds`; `hang` does nothing and is silent until the fault is cleared.
    """

    kind: str
    where: str = ".*"
    times: int | None = 1  # None: until it is cleared
    status: int = 500
    seconds: float = 0.5
    cleared: Event = field(default_factory=Event, repr=False)

    def fits(self, call: Call) -> bool:
        return self.times != 0 and bool(
            re.search(self.where, f"{call.method} {call.path}")
        )


@dataclass
class Webhook:
    """An event to be told: its body, and what became of each try to deliver it."""

    event_id: str
    type: str
    body: bytes
    statuses: list[int] = field(default_factory=list)


class Webhooks:
    """Tells events, in their order, from a thread of its own; or keeps them for `take`.

    Without a `url` every event is kept. `lose`, `duplicate` and `hold` are regular
    expressions of event types: lost ones are never told, duplicated ones twice, held ones
    when `release` is called. A failing delivery is tried again up to `retries` times."""

    def __init__(self, sign: Callable[[bytes, Webhook], dict[str, str]]) -> None:
        self._sign = sign
        self.url = ""
        self.lose = self.duplicate = self.hold = ""
        self.retries, self.retry_after_s, self.timeout_s = 3, 0.2, 10.0
        self.kept: list[Webhook] = []
        self.told: list[Webhook] = []
        self._waiting: list[Webhook] = []
        self._lock = RLock()
        self._wake, self._idle, self._ended = Event(), Event(), False
        self._idle.set()
        self._thread: Thread | None = None

    def add(self, webhook: Webhook) -> None:
        if self.lose and re.search(self.lose, webhook.type):
            return
        for _ in range(
            2 if self.duplicate and re.search(self.duplicate, webhook.type) else 1
        ):
            if not self.url or (self.hold and re.search(self.hold, webhook.type)):
                self.kept.append(webhook)
            else:
                self._enqueue([webhook])

    def take(self) -> list[tuple[bytes, dict[str, str]]]:
        """Return body and signed headers of all that is kept, for a test that delivers by
        itself.
        """
        with self._lock:
            kept, self.kept = self.kept, []
        return [(one.body, self._sign(one.body, one)) for one in kept]

    def release(self, *, backwards: bool = False) -> None:
        """Tell what was held, in its order or from the last to the first."""
        with self._lock:
            kept, self.kept = self.kept, []
        self._enqueue(list(reversed(kept)) if backwards else kept)

    def flush(self, timeout_s: float = 30) -> None:
        """Wait until all that is to be told has been told, or was given up."""
        if not self._idle.wait(timeout_s):
            raise TimeoutError("webhooks are still waiting to be delivered")

    def close(self) -> None:
        self._ended = True
        self._wake.set()

    def _enqueue(self, webhooks: list[Webhook]) -> None:
        with self._lock:
            self._waiting += webhooks
            self._idle.clear()
            self._wake.set()
            if self._thread is None:
                self._thread = Thread(
                    target=self._run, name="webhooks", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if self._ended:
                return
            with self._lock:
                if not self._waiting:
                    self._idle.set()
                    self._wake.clear()
                    continue
                webhook = self._waiting.pop(0)
            self._tell(webhook)

    def _tell(self, webhook: Webhook) -> None:
        import requests

        for attempt in range(self.retries + 1):
            if attempt:
                time.sleep(self.retry_after_s * attempt)
            try:
                answer = requests.post(
                    self.url,
                    data=webhook.body,
                    headers={
                        "Content-Type": JSON,
                        **self._sign(webhook.body, webhook),
                    },
                    timeout=self.timeout_s,
                )
                status = answer.status_code
            except requests.RequestException:
                status = 0
            webhook.statuses.append(status)
            if 200 <= status < 300:
                break
        self.told.append(webhook)


def parse_nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return `a[b][0][c]=v` as `{"a": {"b": [{"c": "v"}]}}`, as Stripe reads forms and queries."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        keys = [part for part in re.split(r"[\[\]]+", name) if part]
        at = root
        for key in keys if name.endswith("[]") else keys[:-1]:
            at = at.setdefault(key, {})
        at[str(len(at)) if name.endswith("[]") else keys[-1]] = value
    found = _lists(root)
    return found if isinstance(found, dict) else {}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


class StandIn(ABC):
    """A provider on loopback. `with stand_in.running():` or `start()` and `stop()`.

    What a person does at the provider (a refund in its dashboard, a dispute, a payout) is a method
    named in `CONTROLS`. A process has them as `POST /_control/NAME` with a JSON object of the
    method's arguments, besides `faults`, `webhooks`, `clock` and `state`.
    """

    name = ""
    CONTROLS: tuple[str, ...] = ()
    END_WITHIN_S = 0.02  # of being told to; its server looks so often

    def __init__(self) -> None:
        self.lock = RLock()
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.objects: dict[
            str, dict[str, Any]
        ] = {}  # every object by its id, oldest first
        # The same by kind, by when they were made.
        self._kinds: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.clock: Callable[[], float] = time.time
        self.ahead_s = 0.0  # how far this provider's clock is ahead
        self.webhooks = Webhooks(self.sign)
        self._numbers = itertools.count(1)
        self._server: ThreadingHTTPServer | None = None

    # --- For the tests ------------------------------------------------------------------------
    @property
    def url(self) -> str:
        assert self._server is not None, "the stand-in is not running"
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, port: int = 0) -> None:
        stand_in = self

        class Handler(_Handler):
            owner = stand_in

        self._server = _Server(("127.0.0.1", port), Handler)
        Thread(
            target=self._server.serve_forever,
            args=[self.END_WITHIN_S],
            name=self.name,
            daemon=True,
        ).start()

    def stop(self) -> None:
        self.clear_faults()
        self.webhooks.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextmanager
    def running(self, port: int = 0) -> Iterator[StandIn]:
        self.start(port)
        try:
            yield self
        finally:
            self.stop()

    def fail(self, kind: str, where: str = ".*", **more: Any) -> Fault:
        """Switch a fault on; see `Fault`."""
        fault = Fault(kind, where, **more)
        self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        faults, self.faults = self.faults, []
        for fault in faults:
            fault.cleared.set()

    def now(self) -> int:
        """Return the provider's time, in whole seconds as its API has it."""
        return int(self.clock() + self.ahead_s)

    def pass_time(self, seconds: float) -> None:
        """Move the provider's clock on, and let happen what it does by itself by then."""
        with self.lock:
            self.ahead_s += seconds
            self.advance()

    # --- For a provider -----------------------------------------------------------------------
    @abstractmethod
    def sign(self, body: bytes, webhook: Webhook) -> dict[str, str]:
        """Return the headers that prove a webhook's body to be the provider's."""

    @abstractmethod
    def handle(self, call: Call) -> Answer:
        """Answer one request, with the lock held."""

    def advance(self) -> None:  # noqa: B027 (few providers do anything by the clock)
        """Do what is due by the clock."""

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):014d}"

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the objects of a kind, the newest first as the providers list them."""
        with self.lock:
            return self._kinds[kind][::-1]

    def keep(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            order = next(self._numbers)
            thing |= {"_kind": kind, "_made": self.now(), "_order": order}
            self.objects[thing["id"]] = thing
            insort(self._kinds[kind], thing, key=itemgetter("_made", "_order"))
        return thing

    # --- The server's side --------------------------------------------------------------------
    def answer(self, call: Call) -> Answer | None:
        """Answer a request, faults included; None where the connection just ends."""
        if call.path.startswith("/_control/"):
            return self._control(call)
        with self.lock:
            self.calls.append(call)
            fault = next((one for one in self.faults if one.fits(call)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
        if fault is None:
            return self._do(call)
        if fault.kind == "status":
            return Answer.of(
                fault.status,
                {"error": {"code": "SERVER_ERROR", "type": "api_error"}},
            )
        if fault.kind == "drop":
            return None
        if fault.kind == "hang":
            fault.cleared.wait(HANG_S)
            return None
        if fault.kind == "slow":
            time.sleep(fault.seconds)
            return self._do(call)
        if fault.kind == "lost":
            self._do(call)
            return None
        raise ValueError(f"unknown kind of fault: {fault.kind}")

    def _do(self, call: Call) -> Answer:
        with self.lock:
            try:
                self.advance()
                return self.handle(call)
            except Refused as refused:
                return refused.answer

    def _control(self, call: Call) -> Answer:
        name, sent = call.path.removeprefix("/_control/"), call.sent
        if name == "clock":
            self.pass_time(float(sent["seconds"]))
        elif name == "faults":
            self.fail(**sent) if sent else self.clear_faults()
        elif name == "webhooks":
            for key, value in sent.items():
                if key not in ("url", "lose", "duplicate", "hold", "retries"):
                    return Answer.of(400, {"error": f"unknown: {key}"})
                setattr(self.webhooks, key, value)
        elif name == "release":
            self.webhooks.release(**sent)
        elif name == "flush":
            self.webhooks.flush(**sent)
        elif name == "state":
            return Answer.of(
                200,
                [
                    public(one) | {"_kind": one["_kind"]}
                    for one in self._everything()
                ],
            )
        elif name == "deliveries":
            return Answer.of(
                200,
                [
                    {**asdict(one), "body": one.body.decode()}
                    for one in self.webhooks.told
                ],
            )
        elif name in self.CONTROLS:
            with self.lock:
                self.advance()
                try:
                    made = getattr(self, name)(**sent)
                except Refused as refused:
                    return refused.answer
            return Answer.of(200, public(made) if isinstance(made, dict) else made)
        else:
            return Answer.of(404, {"error": f"no such control: {name}"})
        return Answer.of(200, {})

    def _everything(self) -> list[dict[str, Any]]:
        with self.lock:
            return list(self.objects.values())


def public(thing: Any) -> Any:
    """Return an object without what only the stand-in knows of it."""
    if isinstance(thing, dict):
        return {
            key: public(one)
            for key, one in thing.items()
            if not key.startswith("_")
        }
    if isinstance(thing, list):
        return [public(one) for one in thing]
    return thing


def page(
    title: str, lines: list[str], *, actions: dict[str, str], back: str = ""
) -> Answer:
    """Return a hosted page: some lines of text, a button per action, a link back to the shop."""
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    buttons = "".join(
        f'<button name="action" value="{escape(action)}">{escape(label)}</button> '
        for action, label in actions.items()
    )
    form = f'<form method="post">{buttons}</form>' if buttons else ""
    link = (
        f'<p><a id="back" href="{escape(back)}">Back to the shop</a></p>'
        if back
        else ""
    )
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title>"
        "<style>body{font:1.1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}"
        "button{font:inherit;padding:.6rem 1rem;margin:.3rem .3rem .3rem 0}</style>"
        f"<h1>{escape(title)}</h1>{text}{form}{link}</html>"
    )
    return Answer(200, html.encode(), HTML)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away, as those of hanging calls do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: StandIn

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        form = JSON not in (self.headers.get("Content-Type") or "")
        sent: Any = {}
        if body:
            text = body.decode()
            sent = (
                parse_nested(parse_qsl(text, keep_blank_values=True))
                if form
                else json.loads(text)
            )
        call = Call(
            self.command,
            url.path,
            parse_nested(parse_qsl(url.query, keep_blank_values=True)),
            sent,
            {name.lower(): value for name, value in self.headers.items()},
        )
        answer = self.owner.answer(call)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 (http.server's names)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
