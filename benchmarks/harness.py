"""The harness of every benchmark: servers of their own, a catalogue of a given size, web
processes, and load.

Everything lies below LOCAL_DIR/bench and is kept between runs, as the big catalogue takes
minutes to make. The benchmarked processes run with DEBUG off, JSON request logs to a file,
security headers and metrics on."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import sql

from dev import processes, web_server
from dev.stack import ROOT, Stack, kept_secrets, local_dir, path_with_tools
from tests.services import free_port

CONNECTIONS = 8
SPREAD = ROOT / "benchmarks" / "peers" / "spread.lua"


class NotReady(Exception):
    """Something that a benchmark needs is not there; the message says what to do."""


@dataclass(frozen=True)
class Measured:
    """What a load saw. Latencies in milliseconds."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    failures: int


class Harness:
    """The servers, and the environment of the processes on them."""

    def __init__(self) -> None:
        self.home = processes.own_folder(local_dir() / "bench")
        self._stack = Stack(self.home, durable=True)

    def __enter__(self) -> "Harness":
        self._stack.enter()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.leave()

    def environment(self, scale: int) -> dict[str, str]:
        """Return the environment of a shop of `scale` products, which is loaded the first time."""
        postgres, valkey = self._stack.postgres, self._stack.valkey
        if postgres is None or valkey is None:
            raise NotReady("a benchmark brings its own PostgreSQL and Valkey")
        env = {
            "PATH": path_with_tools(),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "LOCAL_DIR": str(self.home / f"shop{scale}"),
            "DATABASE_URL": postgres.url(f"bench{scale}"),
            "CACHE_URL": valkey.cache_url(2),
            "CELERY_BROKER_URL": valkey.broker_url(3),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "SHOP_URL": "https://localhost",
            "SECURE_SSL_REDIRECT": "0",
            "RATE_LIMIT_SCALE": "1000000",
            "CACHE_KEY_PREFIX": f"bench{scale}",
        } | kept_secrets(self.home)
        Path(env["LOCAL_DIR"]).mkdir(parents=True, exist_ok=True)
        self._load(env, scale)
        return env

    def _load(self, env: dict[str, str], scale: int) -> None:
        done = Path(env["LOCAL_DIR"]) / "loaded"
        name = f"bench{scale}"
        if self._stack.postgres is None:
            raise NotReady("no PostgreSQL")
        if not done.exists():
            with psycopg.connect(
                _libpq(self._stack.postgres.url("postgres")), autocommit=True
            ) as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {}").format(
                        sql.Identifier(name)
                    )
                )
                connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
                )
        _manage(env, "migrate", "-v0")
        _collect(env)
        if done.exists():
            return
        say(f"Loading a shop of {scale:,} products, once …")
        started = time.monotonic()
        _manage(env, "load_demo", "--scale", str(scale), "--force")
        done.write_text(f"{time.monotonic() - started:.1f} s\n")

    def copy(self, scale: int, name: str) -> dict[str, str]:
        """Return the environment of a shop that is a copy of that one, made anew, for what
        fills or empties it.
        """
        env = self.environment(scale)
        postgres = self._stack.postgres
        if postgres is None:
            raise NotReady("no PostgreSQL")
        self.copy_database(scale, name)
        return env | {"DATABASE_URL": postgres.url(name), "CACHE_KEY_PREFIX": name}

    def copy_database(self, scale: int, name: str) -> str:
        """Copy the database of the shop of `scale` products, made anew; return the copy's name."""
        self.fresh_database(name, template=f"bench{scale}")
        return name

    def address(self, database: str) -> str:
        """Return the address of a database of the harness in libpq's form."""
        if self._stack.postgres is None:
            raise NotReady("no PostgreSQL")
        return _libpq(self._stack.postgres.url(database))

    def fresh_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database beside the shops', anew, empty or as a copy of one that nobody is
        using; return its address in libpq's form.
        """
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        named, copied = sql.Identifier(name), sql.Identifier(template)
        with psycopg.connect(
            self.address("postgres"), autocommit=True
        ) as connection:
            connection.execute(drop.format(named))
            connection.execute(create.format(named, copied))
        return self.address(name)

    def connect(self, scale: int) -> psycopg.Connection:
        """Return a connection to a shop's database."""
        if self._stack.postgres is None:
            raise NotReady("no PostgreSQL")
        return psycopg.connect(
            _libpq(self._stack.postgres.url(f"bench{scale}")), autocommit=True
        )

    @property
    def postgres_pid(self) -> int:
        """The process whose children are the database's."""
        pid = self._stack.postgres.pid() if self._stack.postgres else None
        if pid is None:
            raise NotReady("no PostgreSQL")
        return pid

    @property
    def valkey(self) -> Any:
        """The cache server, for the benchmarks that stop it."""
        return self._stack.valkey


def _collect(env: dict[str, str]) -> None:
    """Gather and compress the static files, which takes a minute, unless that was done for
    these very files.
    """
    sources = [path for path in ROOT.glob("*/static/**/*") if path.is_file()] + [
        ROOT / "requirements.txt"
    ]
    newest = f"{len(sources)} {max(path.stat().st_mtime_ns for path in sources)}"
    done = Path(env["LOCAL_DIR"]) / "collected"
    if not done.exists() or done.read_text() != newest:
        _manage(env, "collectstatic", "-v0", "--noinput")
        done.write_text(newest)


def _manage(env: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(
        command, check=True, env=env, cwd=ROOT, stdout=subprocess.DEVNULL
    )


def _libpq(url: str) -> str:
    """Return django-environ's form of an address, the socket's folder at the start of the
    path, in libpq's.
    """
    before, _, name = url.rpartition("/")
    user, _, folder = before.removeprefix("postgres://").partition("@/")
    return psycopg.conninfo.make_conninfo(
        host=unquote(folder), user=user, dbname=name
    )


@contextmanager
def web(
    env: dict[str, str],
    *,
    application: str = web_server.SHOP,
    workers: int = 1,
) -> Iterator[str]:
    """Run an application on granian and give its address. Its log goes to a file, as in life."""
    with web_process(env, application=application, workers=workers) as (address, _):
        yield address


@contextmanager
def web_process(
    env: dict[str, str],
    *,
    application: str = web_server.SHOP,
    workers: int = 1,
) -> Iterator[tuple[str, int]]:
    """Do what `web` does; give the process's id, too, for what it takes."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        *web_server.options_for(application),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--log-level",
        "warning",
        application,
    ]
    with running(command, env) as process:
        address = f"http://127.0.0.1:{port}"
        await_http(address, process)
        yield address, process.pid


@contextmanager
def mail_server(env: dict[str, str]) -> Iterator[str]:
    """Run an SMTP server that throws away what it takes, in a process of its own; give its address
    as EMAIL_URL has it.
    """
    port = free_port()
    sink = f"-n -c benchmarks.mail_sink.Sink -l 127.0.0.1:{port}"
    with running([sys.executable, "-m", "aiosmtpd", *sink.split()], env) as process:
        _await_port(port, process)
        yield f"smtp://127.0.0.1:{port}"


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise NotReady(
        f"nothing listens at port {port}; see its log below LOCAL_DIR/bench"
    )


@contextmanager
def running(
    command: Sequence[str], env: dict[str, str], cwd: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, its output in a file; end all of it on
    leaving.
    """
    log = (
        Path(env.get("LOCAL_DIR", "/tmp"))  # noqa: S108 (a peer's)
        / f"{Path(command[-1]).name.replace(':', '-')}.log"
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    continue


def await_http(
    address: str, process: subprocess.Popen[bytes], *, seconds: float = 60
) -> None:
    """Wait until something answers at the address. Raises: NotReady."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotReady(
                f"{process.args!r} ended at once; see its log below LOCAL_DIR/bench"
            )
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 (our own server)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise NotReady(f"nothing answers at {address}")


def load(
    url: str,
    *,
    seconds: float = 5,
    headers: Sequence[str] = (),
    connections: int = CONNECTIONS,
    requests: Path | None = None,
) -> Measured:
    """Ask for a URL with wrk, over and over; or send what a file of `requests` holds, as
    peers/spread.lua reads it, to the URL's server.

    Raises: NotReady where wrk is missing.
    """
    if shutil.which("wrk") is None:
        raise NotReady("wrk makes the load: apt-get install wrk")
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--latency",
        "--timeout",
        "10s",
    ]
    for header in headers:
        command += ["-H", header]
    script = ["-s", str(SPREAD), url, "--", str(requests)]
    out = subprocess.run(
        [*command, *(script if requests else [url])],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Measured(
        requests_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", out)),
        p50_ms=_ms(_found(r"\n +50% +(\S+)", out)),
        p99_ms=_ms(_found(r"\n +99% +(\S+)", out)),
        failures=sum(
            map(
                int,
                re.findall(
                    r"(?:Non-2xx or 3xx responses:|connect|read|write|timeout) (\d+)",
                    out,
                ),
            )
        ),
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise NotReady(f"wrk said something else than expected:\n{text}")
    return found[1]


def _ms(text: str) -> float:
    # wrk's own units
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def median(measured: Sequence[Measured]) -> Measured:
    """Return the run in the middle, by requests per second; the failures of all."""
    ordered = sorted(measured, key=lambda each: each.requests_per_s)
    middle = ordered[len(ordered) // 2]
    return Measured(
        middle.requests_per_s,
        middle.p50_ms,
        middle.p99_ms,
        sum(each.failures for each in measured),
    )


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(text, file=sys.stderr, flush=True)
