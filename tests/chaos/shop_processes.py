"""The shop's background processes as they run in production, each behind something that can
fail.
"""

import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import redis
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from celery_app import QUEUES
from dev.postgres import Postgres
from dev.processes import gone, own_folder
from dev.valkey import Valkey
from markrin.outbox import selectors, services
from markrin.outbox.models import OutboxEvent
from tests import services as test_services
from tests.chaos.proxy import Proxy, proxy
from tests.chaos.smtp import Sink, sink
from tests.services import Running

MAILS = Path(__file__).parent / "mails"
PATIENCE_S = 60.0


class ShopProcesses:
    """Broker and mail server behind proxies, and the processes that a test has started.

    A process that is killed stays dead until `start` is called for it again, unless
    `supervise` looks after it."""

    def __init__(
        self, broker: Proxy, mail: Proxy, sink: Sink, stack: ExitStack
    ) -> None:
        self.broker, self.mail, self.sink = broker, mail, sink
        self._stack = stack
        self.running: dict[str, Running] = {}
        self._commands: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {}
        self.env = {
            "CELERY_BROKER_URL": _broker_url(broker.port),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            # 10 in production: a hanging server is told from a slow one sooner
            "EMAIL_TIMEOUT_S": "2",
            "MAIL_TEMPLATES": str(MAILS),
            "OUTBOX_MEMORY_LIMIT_MB": "512",
            "CELERY_SKIP_CHECKS": "1",
            "ALLOWED_HOSTS": "localhost",
            "MAIL_DOMAIN": "shop.test",
        }

    @property
    def redis(self) -> redis.Redis:
        """The broker behind the proxy, where it is a Valkey."""
        path, db = _valkey_place()
        return redis.Redis(unix_socket_path=path, db=db)

    def own_broker(self) -> None:
        """Give what is started from now on a broker of its own, which `broker_stopped` can
        stop without the cache.
        """
        self._own_broker = Valkey(
            own_folder(Path(os.environ["LOCAL_DIR"]) / "broker"), durable=False
        )
        self._own_broker.start()
        self._stack.callback(self._own_broker.stop)
        self.env["CELERY_BROKER_URL"] = self._own_broker.broker_url(0)

    @property
    def own_cache_url(self) -> str:
        """The address of a cache in the server of `own_broker`."""
        return self._own_broker.cache_url(1)

    def kill_own_broker(self) -> None:
        """kill -9 of the server of `own_broker`: what it held is gone."""
        pid = self._own_broker.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await_(lambda: gone(pid), within_s=30)

    def start_own_broker(self) -> None:
        self._own_broker.start()

    @contextmanager
    def broker_stopped(self) -> Iterator[None]:
        """SIGSTOP the broker of `own_broker` until the block ends."""
        pid = self._own_broker.pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def worker(
        self, queue: str, *, concurrency: int = 2, name: str = "", **env: str
    ) -> str:
        """Start a worker of the queue; return its name here."""
        command = [
            "-m",
            "celery",
            "-A",
            "tests.chaos.jobs",
            "worker",
            "-Q",
            queue,
            "-c",
            str(concurrency),
            "-l",
            "INFO",
        ]
        name = name or f"worker:{queue}"
        return self._start(
            name,
            *command,
            "-n",
            f"{name.replace(':', '-')}@tests",
            "--without-gossip",
            "--without-mingle",
            **env,
        )

    def worker_of_all(self) -> str:
        """Start one worker of all queues, where it is not the queues that are looked at."""
        return self.worker(",".join(QUEUES), concurrency=3, name="worker:all")

    def relay(self, name: str = "relay") -> str:
        return self._start(
            name, "manage.py", "relay", "--skip-checks"
        )  # the checks have tests of their own

    def beat(self, name: str = "beat") -> str:
        schedule = Path(os.environ["LOCAL_DIR"]) / f"{name}-{time.monotonic_ns()}"
        return self._start(
            name,
            "-m",
            "celery",
            "-A",
            "tests.chaos.jobs",
            "beat",
            "-s",
            str(schedule),
            "-l",
            "INFO",
        )

    def restart(self, name: str) -> None:
        """Start again what died or was killed."""
        command, env = self._commands[name]
        self._start(name, *command, **env)

    def kill(self, name: str) -> None:
        """kill -9, the process and its children."""
        self.running[name].signal(signal.SIGKILL)
        self.running[name].process.wait(timeout=10)

    def children(self, name: str) -> list[int]:
        """Return the ids of the pool's processes."""
        return [
            child.pid for child in psutil.Process(self.running[name].pid).children()
        ]

    def _start(self, name: str, *command: str, **env: str) -> str:
        self._commands[name] = command, env
        self.running[name] = self._stack.enter_context(
            test_services.running(*command, env=self.env | env)
        )
        return name

    def durable(self) -> None:
        """Let what is started from now on wait until PostgreSQL has written a commit, as it
        does in production.
        """
        name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
        connection.close()
        self._stack.callback(_forgetful, name)

    @contextmanager
    def database_away(self, how: signal.Signals) -> Iterator[None]:
        """Stop PostgreSQL until the block ends: SIGQUIT is its immediate, crash-like stop,
        SIGINT the orderly one.
        """
        server = Postgres(
            Path(json.loads(os.environ["MARKRIN_TEST"])["home"]), durable=False
        )
        server.start()  # finds the one that runs
        pid = server.pid()
        assert pid is not None
        os.kill(pid, how)
        await_(lambda: gone(pid), within_s=30)
        try:
            yield
        finally:
            server.start()
            connection.close()

    def alive(self, queue: str, within_s: int) -> bool:
        """Return what `manage.py worker_alive` says of the queue's worker."""
        try:
            call_command(
                "worker_alive",
                "--queue",
                queue,
                "--within",
                str(within_s),
                stdout=io.StringIO(),
            )
        except CommandError:
            return False
        return True

    # --- what a test puts in, and looks at ---

    def add(self, *events: Any) -> None:
        with transaction.atomic():
            services.add(*events)

    def effects(self) -> dict[int, int]:
        """Return how often each number's effect happened in the database."""
        return dict(
            _query("SELECT number, count(*) FROM chaos_effect GROUP BY number")
        )

    def states(self) -> dict[str, int]:
        return dict(
            _query("SELECT state, count(*) FROM outbox_event GROUP BY state")
        )

    def lost(self) -> int:
        return int(_query("SELECT coalesce(sum(lost), 0) FROM outbox_event")[0][0])

    def breaches(self, numbers: range, *, mails_only: bool = False) -> int:
        """Return how many mails came not just once, counting as one more any wrong count in
        the database.
        """
        copies = self.sink.copies()
        wrong = sum(copies[f"Mail {number}"] != 1 for number in numbers)
        return wrong + (
            not mails_only and self.effects() != dict.fromkeys(numbers, 1)
        )

    def finish(self, *, within_s: float = PATIENCE_S) -> float:
        """Wait until no row waits or runs; return after how many seconds. Raises:
        AssertionError with what is left.
        """
        started = time.monotonic()
        await_(
            lambda: not (self.states().keys() - {"done", "dead"}),
            within_s=within_s,
            why=self.explain,
        )
        return time.monotonic() - started

    def explain(self) -> str:
        left = OutboxEvent.objects.exclude(state__in=("done", "dead")).order_by(
            "id"
        )[:5]
        logs = {name: one.output()[-1500:] for name, one in self.running.items()}
        return f"{self.states()} {selectors.list_paused_queues()} {list(left.values())} {logs}"


def await_(
    happened: Callable[[], bool],
    *,
    within_s: float = PATIENCE_S,
    why: Callable[[], str] = str,
) -> None:
    """Wait for it. Raises: AssertionError with what `why` says."""
    until = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < until, f"not within {within_s} s: {why()}"
        time.sleep(0.1)


@contextmanager
def start_processes() -> Iterator[ShopProcesses]:
    """Set the processes; nothing of the shop runs yet. The database must be one that other
    processes can see.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS chaos_effect")
        cursor.execute(
            "CREATE TABLE chaos_effect (number int NOT NULL, pid int NOT NULL, at timestamptz"
            " DEFAULT now())"
        )
    with ExitStack() as stack:
        broker = stack.enter_context(proxy(_broker_place()))
        kept, port = stack.enter_context(sink())
        mail = stack.enter_context(proxy(("127.0.0.1", port)))
        yield ShopProcesses(broker, mail, kept, stack)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE chaos_effect")


def _forgetful(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {database} RESET synchronous_commit")


def _broker_place() -> tuple[str, int] | str:
    """Return where the tests' own broker listens: Valkey at a socket, RabbitMQ at a port."""
    parts = urlsplit(os.environ["CELERY_BROKER_URL"])
    return (
        (parts.hostname, parts.port)
        if parts.hostname and parts.port
        else parts.path
    )


def _valkey_place() -> tuple[str, int]:
    parts = urlsplit(os.environ["CELERY_BROKER_URL"])
    return parts.path, int(parts.query.removeprefix("virtual_host="))


def _broker_url(port: int) -> str:
    """Return the broker's address at another port of this host."""
    parts = urlsplit(os.environ["CELERY_BROKER_URL"])
    if not parts.port:
        return f"redis://127.0.0.1:{port}/{_valkey_place()[1]}"
    return parts._replace(
        netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}"
    ).geturl()


def _query(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
