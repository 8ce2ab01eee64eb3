"""A TCP proxy that can fail the way networks and servers fail."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536


class Proxy:
    """Stands before a server, given as a TCP address or as the path of a Unix socket.

    `refuse` closes the port, `stall` accepts and keeps silent, `delay` holds every chunk
    back, `cut` breaks off what is open, `heal` ends whichever there was."""

    def __init__(self, server: tuple[str, int] | str) -> None:
        self._server = server
        self._silent = False
        self._delay_s = 0.0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.met = 0  # connections that were accepted so far
        self._listen()

    def refuse(self) -> None:
        """Answer every new connection with a reset, and break off the open ones."""
        self._close_listener()
        self.cut()

    def stall(self) -> None:
        """Accept new connections but pass nothing on, in either direction, on these or the
        open ones.
        """
        self._silent = True

    def delay(self, seconds: float) -> None:
        """Hold back every chunk for so long, in both directions."""
        self._delay_s = seconds

    def cut(self) -> None:
        """Break off every open connection."""
        with self._lock:
            broken, self._open = self._open, set()
        for one in broken:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def heal(self) -> None:
        """Pass everything on again. What was begun in a silence is broken off, as by a
        server that came back.
        """
        self._delay_s = 0.0
        if self._silent:
            self.cut()  # before anything of it is passed on
            self._silent = False
        if self._listener is None:
            self._listen()

    def close(self) -> None:
        self._close_listener()
        self.cut()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.met += 1
            threading.Thread(
                target=self._serve, args=(client,), daemon=True
            ).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        pair = {client: server, server: client}
        with self._lock:
            self._open |= pair.keys()
        with suppress(
            OSError, ValueError
        ):  # ValueError: `cut` closed a socket that was being watched
            self._pump(pair)
        with self._lock:
            self._open -= pair.keys()
        client.close()
        server.close()

    def _pump(self, pair: dict[socket.socket, socket.socket]) -> None:
        with selectors.DefaultSelector() as watch:
            for one in pair:
                watch.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in watch.select(timeout=0.2):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    if self._silent:
                        time.sleep(0.05)
                        continue
                    chunk = source.recv(CHUNK)
                    if not chunk:
                        return
                    if self._delay_s:
                        time.sleep(self._delay_s)
                    pair[source].sendall(chunk)

    def _connect(self) -> socket.socket:
        if isinstance(self._server, tuple):
            return socket.create_connection(self._server, timeout=None)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            server.close()
            raise
        return server


@contextmanager
def proxy(server: tuple[str, int] | str) -> Iterator[Proxy]:
    """Run a proxy before the server until the block ends."""
    one = Proxy(server)
    try:
        yield one
    finally:
        one.close()
