"""PostgreSQL and Valkey for one copy of the project, shared by whoever needs them and
stopped by the last one to go.

`python -m dev.stack run COMMAND…` runs a command with both servers up and their addresses
in the environment; `python -m dev.stack clean` stops what is left and removes the folder.
"""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import processes
from dev.postgres import Postgres
from dev.processes import StackError
from dev.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent


def local_dir() -> Path:
    """Return the folder that holds everything this copy writes: LOCAL_DIR, by default
    `.local` in the checkout.
    """
    return Path(os.environ.get("LOCAL_DIR") or ROOT / ".local").absolute()


def path_with_tools() -> str:
    """Return a PATH on which `python` and the installed tools are those of the running
    interpreter.
    """
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


class Stack:
    """The two servers below one folder.

    Everyone who uses them holds a shared lock on `users` for as long; who can take it alone
    on leaving is the last, and stops them. The kernel frees the lock of a process that was
    killed, so no count can go wrong."""

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        database: bool = True,
        valkey: bool = True,
    ) -> None:
        self.home = processes.own_folder(home)
        self.postgres = Postgres(home, durable=durable) if database else None
        self.valkey = Valkey(home, durable=durable) if valkey else None
        self._servers: list[Postgres | Valkey] = [
            service for service in (self.postgres, self.valkey) if service
        ]
        self._users = (home / "users").open("w")

    def enter(self) -> None:
        """Start what is not running, and count as a user. Raises: StackError."""
        with processes.locked(self.home / "starting"):
            fcntl.flock(self._users, fcntl.LOCK_SH)
            for server in self._servers:
                server.start()

    def leave(self, *, keep: bool = False) -> None:
        """Stop the servers, unless somebody else still uses them or they are to be kept."""
        with processes.locked(self.home / "starting"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                keep = True
            if not keep:
                for server in self._servers:
                    server.stop()
            self._users.close()

    def stop(self) -> None:
        """Stop servers that nobody uses. Raises: StackError when somebody does."""
        with processes.locked(self.home / "starting"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    f"{self.home} is in use: stop `make up` or the tests first."
                ) from None
            self._users.close()
            for server in self._servers:
                server.stop()


@contextmanager
def development() -> Iterator[dict[str, str]]:
    """Run the development servers and give the environment of the shop's processes."""
    with unstarted_development() as (servers, env):
        servers.enter()
        yield env


@contextmanager
def unstarted_development() -> Iterator[tuple[Stack, dict[str, str]]]:
    """Give the development servers, to be entered, and the environment of the shop's
    processes; stop them at the end.

    An address set outside (DATABASE_URL, CACHE_URL, CELERY_BROKER_URL) is kept, and its
    server not started."""
    given = os.environ
    home = processes.own_folder(local_dir())
    stack = Stack(
        home,
        database=not given.get("DATABASE_URL"),
        valkey=not (given.get("CACHE_URL") and given.get("CELERY_BROKER_URL")),
    )
    try:
        env = {
            "LOCAL_DIR": str(home),
            "DEBUG": "1",
            "RATE_LIMIT_SCALE": "1000",
        } | kept_secrets(home)
        if stack.postgres:
            env["DATABASE_URL"] = stack.postgres.url()
        if stack.valkey:
            env |= {
                "CACHE_URL": stack.valkey.cache_url(0),
                "CELERY_BROKER_URL": stack.valkey.broker_url(1),
            }
        env |= {
            name: value for name, value in given.items() if value or name not in env
        }
        yield stack, env
    finally:
        stack.leave()


def kept_secrets(home: Path) -> dict[str, str]:
    """Return SECRET_KEY, JWT_KEYS and GIFT_CARD_KEYS of this copy, made the first time; kept, so
    that a sign-in outlives a restart, and a gift card, too.
    """
    path = home / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if "GIFT_CARD_KEYS" not in known:  # a copy of before has the others
        keys = [{"kid": secrets.token_hex(4), "secret": secrets.token_urlsafe(48)}]
        known = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "JWT_KEYS": json.dumps(keys),
            "GIFT_CARD_KEYS": secrets.token_urlsafe(48),
            **known,
        }
        half = path.with_suffix(".new")
        half.unlink(missing_ok=True)
        with open(
            os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            json.dump(known, file)
        half.rename(path)
    return known


def clean() -> None:
    """Stop what a killed run has left and remove everything below LOCAL_DIR. Raises:
    StackError while it is in use.
    """
    home = local_dir()
    for folder in (home / "test", home):
        if (folder / "users").exists():
            Stack(folder).stop()
        remove_outside(folder)
    shutil.rmtree(home, ignore_errors=True)


def remove_outside(home: Path) -> None:
    """Remove the folders that were made elsewhere for the servers of this one, which are down."""
    outside = home / "postgres-outside"
    for link in (outside / "run", outside, home / "run"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run what the command line asks for and return its exit code."""
    match arguments:
        case ["run", *command] if command:
            with development() as env:
                return subprocess.run(
                    command, check=False, env=env, cwd=ROOT
                ).returncode
        case ["clean"]:
            clean()
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"markrin: {error}")
