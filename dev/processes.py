"""Small helpers around files, locks and processes that the rest of `dev` shares."""

import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

import psutil

# sockaddr_un holds 104 bytes on macOS and 108 on Linux; the longest name put below a socket
# folder takes 24 of them.
SOCKET_FOLDER_BYTES = 80


_children: dict[
    int, "subprocess.Popen[bytes]"
] = {}  # servers that this process has started, to be collected by it


class StackError(Exception):
    """A part of the local stack cannot start; the message says what to do about it."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on this file, waiting for it. The kernel frees it when the
    process dies.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def own_folder(path: Path) -> Path:
    """Return this folder, made if missing; what it holds is for this user only, but others
    may pass through.

    Raises: StackError when somebody else's it is.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if path.stat().st_uid == os.geteuid():
            path.chmod(
                0o711
            )  # PostgreSQL's own user, where root starts it, has its folder inside
    except OSError as error:
        raise StackError(
            f"{path}: {error.strerror}. Set LOCAL_DIR to a folder that you may write to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise StackError(
            f"{path} belongs to another user. Remove it as that user, or set LOCAL_DIR to"
            " another folder."
        )
    return path


def outside_folder(link: Path, base: str) -> Path:
    """Return the folder below `base` that `link` points to; if it is gone a new one, whose
    name nobody can foresee.
    """
    if link.is_symlink() and link.is_dir():
        return link.resolve()
    link.unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="markrin-", dir=base))
    folder.chmod(0o711)
    link.symlink_to(folder)
    return folder


def socket_folder(home: Path) -> Path:
    """Return a folder for Unix sockets: `home/run`, or a short one in /tmp where that path
    is too long for a socket.
    """
    link = home / "run"
    if not link.is_symlink() and len(os.fsencode(link)) <= SOCKET_FOLDER_BYTES:
        return own_folder(link)
    # mkdtemp makes the name, and the folder is this user's alone
    return outside_folder(link, "/tmp")  # noqa: S108


def keep_compiled(env: MutableMapping[str, str], home: Path) -> None:
    """Let the processes of this environment keep their compiled modules, below `home` where
    the machine wants none beside their sources: else each compiles hundreds at its start.
    """
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        env.setdefault("PYTHONPYCACHEPREFIX", str(home / "pycache"))


def wait_for(answers: Callable[[], bool], *, seconds: float) -> bool:
    """Return whether `answers` came true within so many seconds."""
    until = time.monotonic() + seconds
    while not answers():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def gone(pid: int) -> bool:
    """Return whether no process of this id runs any more; one that is dead but not yet
    collected counts as gone.
    """
    if pid in _children and _children[pid].poll() is not None:
        del _children[pid]
        return True
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def stop(pid: int, *signals: signal.Signals, seconds: float) -> None:
    """Send the signals one after the other, each with so many seconds to take effect, until
    the process is gone.
    """
    for number in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_for(lambda: gone(pid), seconds=seconds):
            return


def start_server(
    command: list[str], *, log: Path, uid: int | None, gid: int | None
) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own, so that the terminal's Ctrl-C reaches it only
    through who started it.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            umask=0o077,
        )
    _children[child.pid] = child
    return child


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    return (
        "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
        if log.exists()
        else "(no log)"
    )
