"""A peer that is a project of npm: installed below LOCAL_DIR, with a database that is
seeded once and a copy of it for each run.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.harness import Harness, NotReady, await_http, running, say
from benchmarks.peers.load import PEERS
from dev.stack import path_with_tools
from tests.deploy.servers import pg
from tests.services import free_port

# What they would tell their makers, and a line for each request.
QUIET = {
    "MEDUSA_DISABLE_TELEMETRY": "1",
    "VENDURE_DISABLE_TELEMETRY": "true",
    "LOG_LEVEL": "warn",
}


class NodeProject:
    """The folder benchmarks/peers/<name>, run on the harness's PostgreSQL and Valkey.

    Packages, builds and a dump of the seeded database are kept in
    LOCAL_DIR/bench/peers/<name>, which may be copied to another LOCAL_DIR. The database is
    `peer_<name>`, whose comment says of what seed. All are made anew where their sources
    have changed."""

    def __init__(
        self,
        harness: Harness,
        name: str,
        *,
        valkey_db: int,
        build: list[list[str]],
        seed: list[list[str]],
    ) -> None:
        self.name = name
        self.folder = harness.home / "peers" / name
        self._harness = harness
        self._source = PEERS / name
        self._valkey_db = valkey_db
        self._build = build
        self._seed = seed

    def prepare(self) -> None:
        """Install, build and seed what is not there yet, in minutes. Raises: NotReady."""
        for tool in ("node", "npm"):
            if shutil.which(tool) is None:
                raise NotReady(
                    f"{self.name} needs {tool}: install Node.js 20 or later"
                )
        self._copy_sources()
        self._install()
        self._load()

    @contextmanager
    def serve(self, command: list[str], path: str, cwd: str = ".") -> Iterator[str]:
        """Run its server on a copy of the seeded database, with nothing kept in Valkey; give
        its address once `path` answers."""
        self._forget_valkey()
        port = free_port()
        copy = f"{self.database}_run"
        self._harness.fresh_database(copy, template=self.database)
        env = self._environment(copy) | {"PORT": str(port)}
        with running(command, env, self.folder / cwd) as process:
            address = f"http://127.0.0.1:{port}"
            await_http(address + path, process, seconds=120)
            yield address

    @property
    def database(self) -> str:
        """The seeded database."""
        return f"peer_{self.name}"

    def connect(self) -> psycopg.Connection:
        """Return a connection to the seeded database."""
        return psycopg.connect(
            self._harness.address(self.database), autocommit=True
        )

    def _environment(self, database: str) -> dict[str, str]:
        found = conninfo_to_dict(self._harness.address(database))
        return {
            "PATH": path_with_tools(),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "LOCAL_DIR": str(self.folder),
            "NODE_ENV": "production",
            "DATABASE_HOST": str(found["host"]),
            "DATABASE_USER": str(found["user"]),
            "DATABASE_NAME": database,
            "DATABASE_URL": (
                f"postgres://{found['user']}@{quote(str(found['host']), '')}/{database}"
            ),
            "CACHE_URL": self._cache_url(),
            **QUIET,
        }

    def _copy_sources(self) -> None:
        skipped = shutil.ignore_patterns("node_modules")
        shutil.copytree(
            self._source, self.folder, ignore=skipped, dirs_exist_ok=True
        )

    def _install(self) -> None:
        """Run `npm ci` and the build; the marks lie in node_modules and go with it."""
        env = os.environ | QUIET | {"NODE_ENV": "development"}  # what builds, too
        ci = ["npm", "ci", "--no-audit", "--no-fund"]
        lock = hashlib.sha256((self._source / "package-lock.json").read_bytes())
        for name, commands, wanted in (
            ("installed", [ci], lock.hexdigest()),
            ("built", self._build, self._fingerprint()),
        ):
            mark = self.folder / "node_modules" / f".{name}"
            if mark.exists() and mark.read_text() == wanted:
                continue
            for command in commands:
                say(f"{self.name}: {' '.join(command)}, once …")
                self._run(command, env, self.folder / "install.log")
            mark.write_text(wanted)

    def _load(self) -> None:
        wanted = f"seeded {self._fingerprint()}"
        with psycopg.connect(self._harness.address("postgres")) as connection:
            found = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = %s",
                [self.database],
            ).fetchone()
        if found == (wanted,):
            return
        say(f"Loading {self.name} with 1,000 products, once …")
        address = self._harness.fresh_database(self.database)
        dump = self.folder / f"{self._fingerprint()}.dump"
        log = self.folder / "seed.log"
        if dump.exists():
            self._run(
                pg("pg_restore", "--no-owner", "-d", address, str(dump)), None, log
            )
        else:
            self._seed_database(log)
            half = dump.with_suffix(".half")
            self._run(pg("pg_dump", "-Fc", "-f", str(half), address), None, log)
            half.rename(dump)
        with self.connect() as connection:
            connection.execute("VACUUM ANALYZE")  # as it stands after a day
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(self.database), sql.Literal(wanted)
                )
            )

    def _seed_database(self, log: Path) -> None:
        self._forget_valkey()
        for command in self._seed:
            self._run(command, self._environment(self.database), log)

    def _run(
        self, command: list[str], env: dict[str, str] | None, log: Path
    ) -> None:
        with log.open("ab") as output:
            done = subprocess.run(
                command,
                check=False,
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if done.returncode:
            raise NotReady(f"{' '.join(command)} failed; see {log}")

    def _fingerprint(self) -> str:
        """Return a hash of the sources."""
        found = hashlib.sha256()
        for path in sorted(self._source.rglob("*")):
            if path.is_file() and "node_modules" not in path.parts:
                found.update(path.name.encode() + path.read_bytes())
        return found.hexdigest()[:16]

    def _forget_valkey(self) -> None:
        """Empty the peer's own database of Valkey: jobs of earlier runs, and what was kept."""
        client = redis.Redis.from_url(self._cache_url())
        client.flushdb()
        client.close()

    def _cache_url(self) -> str:
        return str(self._harness.valkey.cache_url(self._valkey_db))
