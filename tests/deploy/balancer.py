"""A balancer of the tests' own: connections to whichever server says that it is alive, as
proxies do in production.
"""

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

LOOK_S = 0.5


@contextmanager
def balancer(ports: list[int]) -> Iterator[str]:
    """Listen until the block ends; give the address. Each connection goes to one server;
    none is tried twice once sent.

    The servers' `/health/live` is asked twice a second. A refused connection is tried on
    the next server."""
    well = dict.fromkeys(ports, True)
    turns, ended = count(), threading.Event()
    door = socket.create_server(("127.0.0.1", 0), backlog=128)

    def look() -> None:
        while not ended.is_set():
            for port in ports:
                well[port] = _live(port)
            time.sleep(LOOK_S)

    def serve(client: socket.socket) -> None:
        server = _connect(
            [port for port in ports if well[port]] or ports, next(turns)
        )
        with client:
            if server is not None:
                with server:
                    _pump(client, server)

    def accept() -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    for job in (look, accept):
        threading.Thread(target=job, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        ended.set()
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()


def _live(port: int) -> bool:
    with (
        suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=3),
    ):
        return True
    return False


def _connect(ports: list[int], turn: int) -> socket.socket | None:
    for offset in range(len(ports)):
        with suppress(OSError):
            return socket.create_connection(
                ("127.0.0.1", ports[(turn + offset) % len(ports)]), timeout=5
            )
    return None


def _pump(client: socket.socket, server: socket.socket) -> None:
    """Pass the request on as it comes, and the answer until the server closes: clients here
    send one a connection.
    """

    def forth() -> None:
        with suppress(OSError):
            while chunk := client.recv(65_536):
                server.sendall(chunk)

    server.settimeout(60)
    threading.Thread(target=forth, daemon=True).start()
    with suppress(OSError):
        while chunk := server.recv(65_536):
            client.sendall(chunk)
