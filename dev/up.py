"""`make up`: the whole shop in one terminal, until Ctrl-C or SIGTERM ends it."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from dev import parent, processes, procfile, stack
from dev.processes import StackError
from dev.stack import ROOT

FIRST_PORT = 8000
PORTS_TRIED = 100
LEAST_FREE_BYTES = 500_000_000  # PostgreSQL and the demo shop take 300
# in the environment of everything started here: how a later run knows what a killed one has
# left
MARK = "MARKRIN_UP"
IS_UP = "Markrin is up."
ALL_RUN = "Beat and the workers have started, too."
LOOK_S = 0.1  # between two looks at whether the shop answers, or has ended
FRONTEND = ROOT / "frontend"
NPM_FOLDERS = {"node_modules", "dist"}  # packages, and what is built
# Without a network npm would try for minutes, and say so in pages.
NPM_OPTIONS = [
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--prefer-offline",
    "--fetch-retries=1",
]
# Who load_demo makes, and what it gives them while DEBUG is on and DEMO_PASSWORD unset (a
# test holds the two together).
DEMO_PEOPLE = {
    "customer": "customer@markrin.example",
    "staff": "staff@markrin.example",
    "admin": "admin@markrin.example",
}
DEMO_PASSWORD = "demo-shop"  # noqa: S105 (it is meant to be known)


class Ended(BaseException):
    """Ctrl-C or SIGTERM was received."""


def main() -> int:
    """Start everything, wait, and stop everything; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    if os.environ.get("MAKELEVEL"):
        parent.die_with_it()  # make killed by SIGKILL cannot tell anybody
    home = stack.local_dir()
    try:
        _check_room(processes.own_folder(home))
        with (
            _only_one(home) as address,
            stack.unstarted_development() as (servers, env),
            _reserved_port() as port,
        ):
            _settle(env, home, port)
            url = f"http://localhost:{port}"
            env.setdefault("SHOP_URL", url)
            _allow_both_names(env, port)
            address.write(url)
            address.flush()
            _build_storefront(env)
            return _run_procfile(env, url, servers)
    except Ended:
        return 0
    except subprocess.CalledProcessError as error:
        print(
            f"markrin: `{' '.join(error.cmd)}` failed; the lines above say why.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(
            f"markrin: {error.filename or home}: {error.strerror}.", file=sys.stderr
        )
        return 1
    except StackError as error:
        print(f"markrin: {error}", file=sys.stderr)
        return 1


def _settle(env: dict[str, str], home: Path, port: int) -> None:
    """Add what the shop's processes need to know besides the servers' addresses."""
    env |= {MARK: str(home), "PATH": stack.path_with_tools()}
    env |= {"WEB_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    env.setdefault("HOST", "127.0.0.1")
    env.setdefault("WEB_PROCESSES", "1")
    env.setdefault("WEB_THREADS", str(min(8, 2 * (os.cpu_count() or 1) + 1)))
    # what an earlier run counted is over
    env["PROMETHEUS_MULTIPROC_DIR"] = _empty_folder(home / "metrics")
    # Celery's word to root is for servers; who types `make up` as root knows.
    env.setdefault(
        "PYTHONWARNINGS",
        "ignore:You're running the worker with superuser privileges",
    )
    env.setdefault("CELERY_SKIP_CHECKS", "1")  # dev.prepare has just made them
    static = env.setdefault("STATIC_ROOT", str(home / "static"))
    # WhiteNoise warns of one that is missing
    Path(static).mkdir(parents=True, exist_ok=True)
    processes.keep_compiled(env, home)


def _allow_both_names(env: dict[str, str], port: int) -> None:
    """Let people sign in by whichever name of this machine they type into the browser."""
    names = [f"http://{name}:{port}" for name in ("localhost", "127.0.0.1")]
    given = [
        env["SHOP_URL"].rstrip("/"),
        env.get("CORS_ALLOWED_ORIGINS", ""),
        *names,
    ]
    env.setdefault("AUTH_ORIGINS", ",".join(dict.fromkeys(filter(None, given))))


def _end(number: int, frame: FrameType | None) -> None:
    _ignore_signals()  # the first is enough: a second must not interrupt the stopping
    raise Ended


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _only_one(home: Path) -> Iterator[IO[str]]:
    """Hold this copy's `up` lock, and end what a run that was killed has left; gives the
    file for the address.
    """
    with (home / "up").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StackError(
                f"this copy is already running: {file.read() or 'it is just starting'}"
            ) from None
        file.truncate(0)
        _sweep(home)
        try:
            yield file
        finally:
            _sweep(home)


def _check_room(home: Path) -> None:
    """Raise StackError where the disk is too full for the servers' and the demo shop's files."""
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"{home} has {free // 1_000_000} MB left, and {LEAST_FREE_BYTES // 1_000_000}"
            " are needed. Make room, or set LOCAL_DIR to a folder elsewhere."
        )


def _sweep(home: Path) -> None:
    """End every process that was started by `make up` on this folder."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(home):
                process.terminate()
                left.append(process)
        except psutil.Error:
            continue  # somebody else's, or gone meanwhile
    for process in psutil.wait_procs(left, timeout=5)[1]:
        process.kill()


@contextmanager
def _reserved_port() -> Iterator[int]:
    """Give the port to serve on: PORT, or the first free one from 8000 on.

    The socket stays bound, so that no copy starting next to this one chooses the same. The
    web server binds beside it, since both set SO_REUSEPORT; two servers would as well, and
    silently share the visitors, hence the care. Raises: StackError when PORT is taken."""
    host = os.environ.get("HOST") or "127.0.0.1"
    wanted_port = os.environ.get("PORT")
    if wanted_port and not (
        wanted_port.isdecimal() and 0 < int(wanted_port) < 65536
    ):
        raise StackError(
            f"PORT must be a number from 1 to 65535, not {wanted_port!r}."
        )
    for port in (
        [int(wanted_port)]
        if wanted_port
        else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    ):
        with socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET
        ) as reserved:
            try:
                reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                reserved.bind((host, port))
            except OSError:
                continue
            # While bound: let the web server in beside it, which has both options, but no
            # other `make up`, which has only the first, as a port must be usable again
            # right after a restart.
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if port != FIRST_PORT and not wanted_port:
                print(
                    f"Port {FIRST_PORT} is taken, using {port}. PORT=… chooses another."
                )
            yield port
            return
    raise StackError(
        f"Port {wanted_port or f'{FIRST_PORT} and the next {PORTS_TRIED}'} on {host} is taken;"
        " set PORT."
    )


def _empty_folder(path: Path) -> str:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return str(path)


def _build_storefront(env: dict[str, str]) -> None:
    """Build `frontend/shop` if its sources are newer than what was built last; dev.prepare
    keeps a copy of it.
    """
    if not (FRONTEND / "shop").exists():
        return
    if not shutil.which("npm"):
        _say(
            "npm is not installed: the storefront is left out. The API and the admin do not"
            " need it."
        )
        return
    built = FRONTEND / "shop" / "dist" / "index.html"
    if built.exists() and built.stat().st_mtime > max(
        path.stat().st_mtime for path in _list_sources()
    ):
        return
    _say("Building the storefront …")
    lock, installed = (
        FRONTEND / "package-lock.json",
        FRONTEND / "node_modules" / ".package-lock.json",
    )
    try:
        if (
            not installed.exists()
            or installed.stat().st_mtime < lock.stat().st_mtime
        ):
            _call(
                ["npm", "ci", *NPM_OPTIONS],
                env,
                cwd=FRONTEND,
            )
        _call(["npm", "run", "--silent", "build"], env, cwd=FRONTEND)
    except subprocess.CalledProcessError:
        _say(
            "The storefront could not be built; the API and the admin do not need it."
            " Without a network its packages must be there from an earlier run."
        )


def _list_sources() -> Iterator[Path]:
    """Yield the files below the folders of `frontend`, but what npm has put there."""
    for name, folders, files in os.walk(FRONTEND):
        # in place: os.walk then does not enter them, and one has ten thousand files
        folders[:] = [each for each in folders if each not in NPM_FOLDERS]
        if (folder := Path(name)) != FRONTEND:
            yield from (folder / each for each in files)


def _call(command: list[str], env: dict[str, str], cwd: Path = ROOT) -> None:
    # In a session of its own, lest Ctrl-C makes it print a traceback; we end it ourselves.
    subprocess.run(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        check=True,
        start_new_session=True,
    )


def _say(text: str) -> None:
    print(text, flush=True)


def _run_procfile(env: dict[str, str], url: str, servers: stack.Stack) -> int:
    """Start the servers, prepare the database and run the Procfile until it ends or we are
    told to end; leave nothing behind. Returns the exit code.

    Raises:
        StackError: where a server does not start.
        CalledProcessError: where the database cannot be prepared.
    """
    shop = procfile.Processes(env, before_each=parent.die_with_it)
    try:
        # First and beside what follows, as starting takes web the longest; it needs the
        # servers only when it answers. /health/ready wants a migrated database.
        shop.start(procfile.FIRST)
        servers.enter()
        _say("Bringing the database up to date …")
        _call([sys.executable, "-m", "dev.prepare"], env)
        if _wait_until(lambda: _ready(url), shop):
            _announce(env, url)
            started_at = time.time()
            shop.start(*procfile.list_others())
            home = Path(env["LOCAL_DIR"])
            if _wait_until(lambda: _beat_runs(home, started_at), shop):
                _say(f"{ALL_RUN} The shop: {url}/")
                _wait_until(lambda: False, shop)
        if not shop.has_ended():
            return 0
        _say(
            "A process of the shop has ended, so all of it ends; the lines above say why."
        )
        return 1
    finally:
        _ignore_signals()
        shop.end()


def _wait_until(reached: Callable[[], bool], shop: procfile.Processes) -> bool:
    """Return whether it is reached; False where a process or make was ended before."""
    while not shop.has_ended() and not parent.was_interrupted():
        if reached():
            return True
        time.sleep(LOOK_S)
    return False


def _beat_runs(home: Path, started_at: float) -> bool:
    """Return whether beat has written its schedule since then: it is the last process to
    start.
    """
    return any(
        path.stat().st_mtime >= started_at for path in home.glob("beat-schedule*")
    )


def _ready(url: str) -> bool:
    # Not above: importing them would keep the first process waiting.
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(  # noqa: S310 (our own address)
            f"{url}/health/ready", timeout=2
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _announce(env: dict[str, str], url: str) -> None:
    password = env.get("DEMO_PASSWORD") or DEMO_PASSWORD
    people = "\n".join(
        f"    {role:9} {email} / {password}" for role, email in DEMO_PEOPLE.items()
    )
    _say(f"""
  {IS_UP}

    shop      {url}/
    API       {url}/api/docs
    admin     {url}/admin/
    mails     {env["LOCAL_DIR"]}/mail/

{people}

  Ctrl-C ends all of it.
""")


if __name__ == "__main__":
    sys.exit(main())
