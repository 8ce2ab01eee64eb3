"""The servers that the tests run against, and the shop's real processes for the tests that
need those.

PostgreSQL and Valkey start when the first test process asks and stop when the last one
ends; KEEP_SERVICES=1 leaves them, and the migrated test databases, for the next run.
TEST_DATABASE_URL and TEST_BROKER_URL name other servers to test against
(`tests/deploy/alternative_servers.py` makes some)."""

import atexit
import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dev import postgres, processes, web_server
from dev.processes import StackError
from dev.stack import ROOT, Stack, local_dir

KEEP = os.environ.get("KEEP_SERVICES") == "1"
SLOTS = 16  # runs side by side on one pair of servers
WORKERS = 32  # processes of one run; each has two of Valkey's databases to itself


def start() -> None:
    """Start the servers and put their addresses, and this process's own databases, into the
    environment.

    Runs before Django reads its settings: once in the process that pytest was called in,
    and once in each process of xdist, which finds the servers up. Raises: StackError."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    if "MARKRIN_TEST" not in os.environ:
        home = processes.own_folder(local_dir() / "test")
        processes.keep_compiled(os.environ, local_dir())
        given = os.environ.get("TEST_DATABASE_URL")
        stack = Stack(home, durable=False, database=not given)
        atexit.register(stack.leave, keep=KEEP)
        signal.signal(
            signal.SIGTERM, lambda *_: sys.exit(143)
        )  # so that what atexit holds runs then as well
        stack.enter()
        slot = _free_slot(home)
        if stack.postgres:
            _prepare_server(stack.postgres, slot)
        name = f"run{slot}" + (
            f"_{_migrations()}" if KEEP else ""
        )  # kept ones are for these very migrations
        database = given or (stack.postgres.url(name) if stack.postgres else "")
        socket_path = str(processes.socket_folder(home) / "valkey.sock")
        known = {
            "home": str(home),
            "slot": slot,
            "database": database,
            "valkey": socket_path,
        }
        os.environ["MARKRIN_TEST"] = json.dumps(known)
    known = json.loads(os.environ["MARKRIN_TEST"])
    number = int(worker.removeprefix("gw"))
    if number >= WORKERS:
        raise StackError(f"pytest -n takes at most {WORKERS}")
    db = (known["slot"] * WORKERS + number) * 2
    own = Path(known["home"]) / "files" / f"{known['slot']}-{worker}"
    shutil.rmtree(own, ignore_errors=True)
    (own / "static").mkdir(parents=True)  # WhiteNoise warns of one that is missing
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "markrin.settings",
        # Django turns it off for the tests; what settings.py derives from it stays as on a
        # desk
        "DEBUG": "1",
        "LOCAL_DIR": str(own),
        "DATABASE_URL": known["database"],
        "CACHE_URL": f"unix://{known['valkey']}?db={db}",
        "CELERY_BROKER_URL": os.environ.get("TEST_BROKER_URL", "").format(
            worker=worker
        )
        or f"redis+socket://{known['valkey']}?virtual_host={db + 1}",
        "SECRET_KEY": "tests-only-" + "s" * 50,
        "JWT_KEYS": json.dumps(
            [{"kid": "tests", "secret": "tests-only-" + "j" * 50}]
        ),
        "GIFT_CARD_KEYS": "tests-only-" + "g" * 50,
        "RATE_LIMIT_SCALE": "1000",
    }


def template_name(slot: int) -> str:
    """Return the name of the migrated database that this run's processes copy."""
    return f"template_of_run{slot}"


def _prepare_server(server: postgres.Postgres, slot: int) -> None:
    """Let the tests' role run statements without triggers (tests/empty_database.py), and remove
    the template that an earlier run has left.
    """
    address = make_conninfo(**server.connection("postgres"))
    with psycopg.connect(address, autocommit=True) as superuser:
        superuser.execute(
            sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(
                sql.Identifier(postgres.ROLE)
            )
        )
        superuser.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(template_name(slot))
            )
        )


def empty_valkey() -> None:
    """Remove every key of this process's two databases: the cache's, and the broker's."""
    for client in _clients():
        client.flushdb()
    if "TEST_BROKER_URL" in os.environ:
        _empty_queues()


def _empty_queues() -> None:
    from celery_app import app

    with app.connection_for_write() as link, link.channel() as channel:
        for queue in app.amqp.queues.values():
            queue(channel).declare()
            queue(channel).purge()


def cache_place() -> tuple[str, int]:
    """Return the cache's socket and database number, for what stands between it and the shop."""
    path, db = os.environ["CACHE_URL"].removeprefix("unix://").split("?db=")
    return path, int(db)


def _clients() -> list[redis.Redis]:
    if not _valkey:
        cache = os.environ["CACHE_URL"]
        _valkey.append(redis.Redis.from_url(cache))
        path, db = cache_place()
        _valkey.append(redis.Redis(unix_socket_path=path, db=db + 1))
    return _valkey


_valkey: list[redis.Redis] = []


def _free_slot(home: Path) -> int:
    """Return the lowest number that no other run on these servers has; it is ours until
    this process ends.
    """
    for slot in range(SLOTS):
        file = os.open(home / f"slot{slot}", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return slot
        except BlockingIOError:
            os.close(file)
    raise StackError(f"{SLOTS} test runs at once is all that these servers hold")


def _migrations() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")) + sorted(
        ROOT.glob("*/*/migrations/*.py")
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


@dataclass
class Running:
    """A process of the shop that a test has started, with all its children."""

    process: "subprocess.Popen[bytes]"
    log: Path
    url: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children: SIGKILL, SIGSTOP, SIGCONT …"""
        os.killpg(self.pid, number)

    def stop(self, seconds: float = 10) -> int:
        """End it by SIGTERM, and by SIGKILL after so many seconds; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        with suppress(ProcessLookupError):  # nobody of the group is left
            self.signal(signal.SIGKILL)
        return self.process.wait(timeout=10)


def free_port() -> int:
    """Return a port that is free, and that no other test is given while this process lives.

    It lies below those that the system hands out by itself, to a connection or to whoever
    binds to port 0, and which it could have handed out again by the time that somebody
    listens here."""
    folder = processes.own_folder(
        Path(tempfile.gettempdir()) / f"markrin-ports-{os.geteuid()}"
    )
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        held = os.open(folder / str(port), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(held)
        else:
            return port


def environment() -> dict[str, str]:
    """Return the environment of a production-like process on this test process's own databases."""
    from django.db import connection

    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return os.environ | {
        "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SECURE_SSL_REDIRECT": "0",
        "SHOP_URL": "https://shop.test",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def running(*command: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Run `python …` in the checkout, in a process group of its own that is killed on leaving."""
    log = Path(os.environ["LOCAL_DIR"]) / f"{uuid4().hex[:8]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment() | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    one = Running(process, log)
    try:
        yield one
    finally:
        if process.poll() is None:
            one.signal(
                signal.SIGCONT
            )  # one that a test has stopped would not see SIGTERM
        one.stop()


@contextmanager
def web(
    *,
    processes: int = 1,
    application: str = web_server.SHOP,
    respawn: bool = False,
    env: dict[str, str] | None = None,
    patience_s: float = 120,
) -> Iterator[Running]:
    """Serve the shop over HTTP at `.url`, with so many worker processes; ready when entered, or
    after `patience_s` an error.

    With `respawn` a worker process that dies is replaced; otherwise its server ends too.
    """
    port = free_port()
    options = ["--port", str(port), "--workers", str(processes)]
    options += web_server.options_for(application)
    options += (
        ["--respawn-failed-workers", "--respawn-interval", "0.1"] if respawn else []
    )
    options.append(application)
    with running("-m", "granian", *options, env=env) as one:
        one.url = f"http://127.0.0.1:{port}"
        _await(
            one,
            lambda: _status(f"{one.url}/health/live") == 200,
            seconds=patience_s,
        )
        yield one


@contextmanager
def worker(
    queue: str, *, concurrency: int = 1, env: dict[str, str] | None = None
) -> Iterator[Running]:
    """Run a Celery worker for one queue; it takes messages when entered."""
    from celery_app import app

    node = f"{queue}-{uuid4().hex[:8]}@tests"
    options = [
        "worker",
        "-Q",
        queue,
        "-c",
        str(concurrency),
        "-n",
        node,
        "--without-gossip",
        "--without-mingle",
    ]
    with running("-m", "celery", "-A", "celery_app", *options, env=env) as one:
        _await(one, lambda: bool(app.control.ping(destination=[node], timeout=0.5)))
        yield one


@contextmanager
def relay(env: dict[str, str] | None = None) -> Iterator[Running]:
    """Run the outbox relay."""
    with running("manage.py", "relay", env=env) as one:
        yield one


@contextmanager
def beat(env: dict[str, str] | None = None) -> Iterator[Running]:
    """Run Celery's clock."""
    schedule = Path(os.environ["LOCAL_DIR"]) / f"{uuid4().hex[:8]}.beat"
    with running(
        "-m", "celery", "-A", "celery_app", "beat", "-s", str(schedule), env=env
    ) as one:
        yield one


def _await(
    one: Running, ready: Callable[[], bool], *, seconds: float = 120
) -> None:
    up = processes.wait_for(
        lambda: one.process.poll() is not None or ready(), seconds=seconds
    )
    if not up or one.process.poll() is not None:
        raise StackError(
            f"{one.process.args!r} is not ready; it printed:\n{one.output()[-4000:]}"
        )


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own address)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
