"""`make bench-auth`: does signing in keep its two promises? Nobody honest is signed out,
and no thief stays in.

Browsers of three tabs each refresh as the storefront does (a lock, a shared key, one more
try after a lost answer), a tenth of them without the lock. One answer in ten is lost; one
of the two web servers is killed on the way and comes back. Access tokens live for seconds,
so that each second is minutes of a real session. Thieves copy refresh tokens and replay
them, some before their owner uses them and some after."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import psycopg

from benchmarks.harness import Harness, NotReady, await_http, running, say
from benchmarks.report import Row, publish
from dev import web_server
from tests.services import free_port

if TYPE_CHECKING:
    from accounts.services.sessions import Tokens

SCALE = 100  # products of the shop around it
ORIGIN = "http://localhost"
COOKIE = "__Host-mk_rt"
LOST = 0.1  # of the answers
LOCKLESS = 0.1  # of the browsers
STOLEN = 0.1
PATIENCE_S = 60
READS = 0.05  # of a tab's seconds
DEAD = {
    "session_revoked",
    "session_expired",
    "token_invalid",
    "refresh_token_expired",
}


# --- Two web servers, one of which dies ----------------------------------------------------------
class Web:
    """Two granian servers behind a client that asks the other one where the first does not
    answer.
    """

    def __init__(self, env: dict[str, str], stack: ExitStack) -> None:
        self.env, self.stack = env, stack
        # As many as the servers' threads, with some to spare: the load is to be sharp, not
        # to wait in a queue.
        self.gate = asyncio.Semaphore(24)
        self.ports = [free_port(), free_port()]
        self.processes = [self._start(port) for port in self.ports]

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "granian",
            *web_server.SHOP_OPTIONS,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
            "--log-level",
            "warning",
            web_server.SHOP,
        ]
        process = self.stack.enter_context(running(command, self.env))
        await_http(f"http://127.0.0.1:{port}", process)
        return process

    def kill(self) -> None:
        """Kill the first server, in the middle of whatever it does."""
        os.killpg(self.processes[0].pid, signal.SIGKILL)
        self.processes[0].wait()

    def revive(self) -> None:
        """Start it again at the same port."""
        self.processes[0] = self._start(self.ports[0])


@dataclass
class Seen:
    """What the run saw, for the table."""

    calls: Counter[str] = field(default_factory=Counter)
    refresh_ms: list[float] = field(default_factory=list)
    lost_sessions: list[str] = field(default_factory=list)
    unexpected: Counter[str] = field(default_factory=Counter)
    twice_live: int = 0
    looks: int = 0
    died: int = 0


class NetworkError(Exception):
    """No answer: the server died, or the answer was lost."""


# --- A browser with its tabs, as frontend/ has them ----------------------------------------------
class Browser:
    """What the tabs of a browser share: the cookie, the lock, the key of a refresh under
    way, the last access token.
    """

    def __init__(
        self,
        web: Web,
        http: httpx.AsyncClient,
        seen: Seen,
        tokens: Tokens,
        ttl_s: float,
    ) -> None:
        self.web, self.http, self.seen = web, http, seen
        self.by_cookie = tokens.session.transport == "cookie"
        self.lock: asyncio.Lock | None = (
            None if random.random() < LOCKLESS else asyncio.Lock()
        )
        self.refresh_token, self.session_id = tokens.refresh, str(tokens.session.pk)
        self.key: str | None = None
        self.access, self.access_number = tokens.access, 0
        self.due = time.monotonic() + ttl_s * random.uniform(
            0, 0.8
        )  # people do not all come at once
        self.dead = self.stolen = self.stop = False

    async def send(
        self, method: str, path: str, *, lossy: bool = True, **sent: Any
    ) -> httpx.Response:
        """Send, to either server. Raises: NetworkError."""
        port = random.choice(self.web.ports)
        try:
            async with self.web.gate:
                answer = await self.http.request(
                    method, f"http://127.0.0.1:{port}{path}", **sent
                )
        except httpx.HTTPError as exc:
            self.seen.calls["no connection"] += 1
            raise NetworkError from exc
        if lossy and random.random() < LOST:
            self.seen.calls["answer lost"] += 1
            raise NetworkError
        return answer

    def headers(self, token: str, key: str | None) -> dict[str, str]:
        web = (
            {
                "X-Markrin-Client": "web",
                "Origin": ORIGIN,
                "Cookie": f"{COOKIE}={token}",
            }
            if self.by_cookie
            else {}
        )
        return {
            "Content-Type": "application/json",
            **web,
            **({"Idempotency-Key": key} if key else {}),
        }

    def body(self, token: str) -> dict[str, str]:
        return {} if self.by_cookie else {"refresh": token}

    def token_in(self, answer: httpx.Response) -> str:
        if self.by_cookie:
            return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        return str(answer.json()["refresh"])

    def keep_tokens(self, answer: httpx.Response) -> None:
        """Keep the tokens of an answer and publish them to the tabs."""
        self.refresh_token = self.token_in(answer)
        self.key = None
        lives = answer.json()["accessExpiresIn"]
        self.access, self.access_number = (
            answer.json()["access"],
            self.access_number + 1,
        )
        self.due = time.monotonic() + lives * random.uniform(0.6, 0.8)

    async def refresh(self, had: int) -> None:
        """Get an access token newer than number `had`, once for all tabs where there is a lock."""
        if self.lock is None:
            await self._refresh(had)
        else:
            async with self.lock:
                await self._refresh(had)

    async def _refresh(self, had: int) -> None:
        for attempt in range(100):
            if self.access_number > had or self.dead or self.stop:
                return
            self.key = key = self.key or str(uuid4())
            token, started = self.refresh_token, time.monotonic()
            try:
                answer = await self.send(
                    "POST",
                    "/api/auth/refresh",
                    json=self.body(token),
                    headers=self.headers(token, key),
                )
            except NetworkError:
                await asyncio.sleep(
                    min(0.05 * 2**attempt, 0.8) * random.uniform(0.5, 1)
                )
                continue
            self.seen.refresh_ms.append((time.monotonic() - started) * 1000)
            self.seen.calls[f"refresh {answer.status_code}"] += 1
            if answer.status_code == 200:
                if self.access_number == had:
                    self.keep_tokens(answer)
                return
            if answer.status_code == 401:
                self.ended(answer)
                return
            if answer.status_code not in (409, 429, 503):
                self.seen.unexpected[
                    f"refresh: {answer.status_code} {answer.text[:200]}"
                ] += 1
            await asyncio.sleep(0.1)

    def ended(self, answer: httpx.Response) -> None:
        """Go to the signed-out state."""
        if not self.dead and not self.stolen:
            self.seen.lost_sessions.append(
                f"{self.session_id}: {answer.json()['code']}"
            )
        self.dead = True

    async def tab(self) -> None:
        """Keep the token fresh, and read the profile now and then, as a page would."""
        while not (self.dead or self.stop):
            await asyncio.sleep(random.uniform(0.5, 1.5))
            had = self.access_number
            try:
                if time.monotonic() >= self.due:
                    await self.refresh(had)
                if random.random() > READS:
                    continue
                answer = await self.read()
                if answer.status_code == 401 and answer.json()["code"] not in (
                    "session_revoked",
                    "session_expired",
                ):
                    await self.refresh(self.access_number)
                    answer = await self.read()
            except NetworkError:
                continue
            self.seen.calls[f"profile {answer.status_code}"] += 1
            if (
                answer.status_code == 401
                and answer.json()["code"] in DEAD
                and not self.stop
            ):
                self.ended(answer)

    async def read(self) -> httpx.Response:
        return await self.send(
            "GET",
            "/api/auth/profile",
            headers={"Authorization": f"Bearer {self.access}"},
        )

    # --- the thief -------------------------------------------------------------------------------
    async def rob_owner(self, after_s: float, *, first: bool) -> bool:
        """Steal the refresh token and use it: `first`, before its owner does, or once it is spent.

        Return whether neither the thief nor the owner can go on.
        """
        await asyncio.sleep(after_s)
        copied, number = self.refresh_token, self.access_number
        self.stolen = True
        while not first and self.refresh_token == copied and not self.dead:
            await self.refresh(number)
        loot = await self._use(copied, key=None)
        while (
            not self.dead and loot.status_code == 200
        ):  # the thief came first: the owner's next refresh tells
            await self.refresh(self.access_number)
        tokens = [copied, self.refresh_token]
        accesses = [self.access]
        if loot.status_code == 200:
            tokens.append(self.token_in(loot))
            accesses.append(loot.json()["access"])
        still = [await self._use(token, key=None) for token in tokens]
        calls = [
            await self._send_surely(
                "GET",
                "/api/auth/profile",
                headers={"Authorization": f"Bearer {access}"},
            )
            for access in accesses
        ]
        return all(answer.status_code == 401 for answer in still + calls)

    async def _use(self, token: str, key: str | None) -> httpx.Response:
        sent = {"json": self.body(token), "headers": self.headers(token, key)}
        answer = await self._send_surely("POST", "/api/auth/refresh", **sent)
        while answer.status_code in (409, 503):
            await asyncio.sleep(0.05)
            answer = await self._send_surely("POST", "/api/auth/refresh", **sent)
        return answer

    async def _send_surely(
        self, method: str, path: str, **sent: Any
    ) -> httpx.Response:
        while True:
            try:
                return await self.send(method, path, lossy=False, **sent)
            except NetworkError:
                await asyncio.sleep(0.05)


# --- The run -------------------------------------------------------------------------------------
TWICE = """
SELECT count(*) FROM (
    SELECT 1 FROM token_blacklist_outstandingtoken o JOIN accounts_user u ON u.id = o.user_id
    WHERE u.email LIKE %s AND NOT EXISTS (SELECT FROM token_blacklist_blacklistedtoken b
        WHERE b.token_id = o.id)
    GROUP BY o.user_id HAVING count(*) > 1) twice
"""


def sign_in(run: str, count: int) -> list[Tokens]:
    """Make users and open a session of each, half of them with the cookie; passwords are
    not what is measured.
    """
    import django

    django.setup()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    from accounts.models import User
    from accounts.services import sessions

    users = [
        User(email=f"{run}-{number}@example.com", name="Hammer")
        for number in range(count)
    ]
    User.objects.bulk_create(users)
    return [
        sessions.open_session(user, transport=("cookie", "body")[number % 2])
        for number, user in enumerate(users)
    ]


async def watch_live_tokens(
    harness: Harness, run: str, seen: Seen, done: asyncio.Event
) -> None:
    """Look, all the time, whether a session has two live refresh tokens."""

    def count_twice_live(connection: psycopg.Connection) -> int:
        found = connection.execute(TWICE, [f"{run}-%"]).fetchone()
        return int(found[0]) if found else 0

    with harness.connect(SCALE) as connection:
        while not done.is_set():
            seen.twice_live += await asyncio.to_thread(count_twice_live, connection)
            seen.looks += 1
            await asyncio.sleep(0.1)


async def run_hammer(
    options: argparse.Namespace,
    harness: Harness,
    web: Web,
    run: str,
    seen: Seen,
    opened: list[Tokens],
) -> tuple[list[Browser], list[bool]]:
    """Run everything; return the browsers, and for each theft whether it ended the family."""
    # httpcore looks for it at each call, in vain
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(timeout=10) as http:
        browsers = [
            Browser(web, http, seen, tokens, options.ttl) for tokens in opened
        ]
        say(
            f"{options.seconds} seconds of {options.tabs} tabs each, one server killed half"
            " way …"
        )
        done = asyncio.Event()
        watcher = asyncio.create_task(watch_live_tokens(harness, run, seen, done))
        tabs = [
            asyncio.create_task(browser.tab())
            for browser in browsers
            for _ in range(options.tabs)
        ]
        victims = random.sample(browsers, int(len(browsers) * STOLEN))
        thefts = [
            asyncio.create_task(
                victim.rob_owner(
                    random.uniform(0, options.seconds * 0.9), first=number % 2 == 0
                )
            )
            for number, victim in enumerate(victims)
        ]
        await asyncio.sleep(options.seconds / 2)
        await asyncio.to_thread(web.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(web.revive)
        await asyncio.sleep(max(0, options.seconds / 2 - 2))
        say("The thieves finish …")
        await asyncio.wait(thefts, timeout=PATIENCE_S)
        ended = [theft.done() and theft.result() for theft in thefts]
        for browser in browsers:
            browser.stop = True
        say("The tabs close …")
        await asyncio.gather(*tabs)
        say("One more refresh by everybody who was not robbed …")
        honest = [browser for browser in browsers if not browser.stolen]
        for browser in honest:
            browser.stop = False
        await asyncio.gather(
            *(browser.refresh(browser.access_number) for browser in honest)
        )
        seen.died = sum(process.poll() is not None for process in web.processes)
        done.set()
        await watcher
        return browsers, ended


def count_revoked(harness: Harness, run: str) -> Counter[str]:
    """Return how the run's sessions ended, by reason; "" is alive."""
    query = (
        "SELECT s.revoked_reason, count(*) FROM auth_session s JOIN accounts_user u ON u.id"
        " = s.user_id WHERE u.email LIKE %s GROUP BY 1"
    )
    with harness.connect(SCALE) as connection:
        return Counter(dict(connection.execute(query, [f"{run}-%"]).fetchall()))


def publish_results(
    options: argparse.Namespace,
    seen: Seen,
    browsers: list[Browser],
    ended: list[bool],
    by_reason: Counter[str],
) -> int:
    """Print the table; return the exit code."""
    thefts, honest = len(ended), len(browsers) - len(ended)
    refreshes = sum(
        count for name, count in seen.calls.items() if name.startswith("refresh ")
    )
    rows = [
        (
            "sessions lost without a theft",
            len(seen.lost_sessions),
            f"of {honest}",
            0,
        ),
        ("families that outlived a theft", ended.count(False), f"of {thefts}", 0),
        (
            "thefts not recorded as reuse",
            thefts - by_reason["reuse_detected"],
            f"of {thefts}",
            0,
        ),
        (
            "honest sessions not alive in the database",
            honest - by_reason[""],
            f"of {honest}",
            0,
        ),
        (
            "times a session had two live refresh tokens",
            seen.twice_live,
            f"in {seen.looks} looks",
            0,
        ),
        (
            "answers of another kind",
            sum(seen.unexpected.values()),
            f"of {sum(seen.calls.values())}",
            0,
        ),
        ("web servers that died unasked", seen.died, "of 2", 0),
    ]
    table = [
        Row(what, str(count), "out of", of, "-", str(goal), count == goal)
        for what, count, of, goal in rows
    ]
    calls = ", ".join(
        f"{name}: {count}" for name, count in sorted(seen.calls.items())
    )
    times = sorted(seen.refresh_ms) or [0.0]
    notes = (
        f"{options.sessions} sessions × {options.tabs} tabs for {options.seconds} s, access"
        f" tokens of {options.ttl} s, {refreshes} refreshes answered. {calls}. A refresh"
        f" took {statistics.median(times):.0f} ms in the middle and"
        f" {times[int(len(times) * 0.99)]:.0f} ms at the 99th percentile, as a busy client"
        " sees it."
    )
    publish("auth", "Sign-in under fire", table, notes)
    for what in [*seen.lost_sessions[:5], *list(seen.unexpected)[:5]]:
        print(what, file=sys.stderr)
    return 0 if all(row.reached for row in table) else 1


def main() -> int:
    """Hammer, count, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--tabs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60)
    # Shorter is no harder but wrong: a request that a busy machine keeps waiting for a
    # whole token life is a replay.
    parser.add_argument(
        "--ttl", type=int, default=15, help="seconds that an access token lives"
    )
    options = parser.parse_args()
    run = f"hammer{uuid4().hex[:8]}"
    seen = Seen()
    try:
        with Harness() as harness, ExitStack() as stack:
            env = harness.environment(SCALE) | {
                "ACCESS_TTL_S": str(options.ttl),
                "AUTH_ORIGINS": ORIGIN,
            }
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            opened = sign_in(run, options.sessions)
            web = Web(env, stack)
            browsers, ended = asyncio.run(
                run_hammer(options, harness, web, run, seen, opened)
            )
            return publish_results(
                options, seen, browsers, ended, count_revoked(harness, run)
            )
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
