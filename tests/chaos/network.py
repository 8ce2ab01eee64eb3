"""A network between the shop and PostgreSQL that can be cut, as a cable is: nobody is told.

The server stands in a network namespace of its own, at the other end of a pair of interfaces.
Linux alone has that, and root alone may make it. Source: ip-netns(8), veth(4).
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

OURS, THEIRS, PORT = "10.213.77.1", "10.213.77.2", 5432
CHUNK = 65_536


class NoNamespaces(Exception):
    """This machine or this user cannot make a network namespace; the message says why."""


class Cable:
    """The way to PostgreSQL; `address` is where it is found."""

    address = f"{THEIRS}:{PORT}"

    def __init__(self, name: str) -> None:
        self._name = name

    def cut(self) -> None:
        """Pass nothing on in either direction, and say nothing to either side."""
        _ip(
            "netns",
            "exec",
            self._name,
            "ip",
            "link",
            "set",
            f"{self._name}n",
            "down",
        )

    def mend(self) -> None:
        """Pass everything on again; what was open goes on where both sides still know it."""
        _ip(
            "netns", "exec", self._name, "ip", "link", "set", f"{self._name}n", "up"
        )


@contextmanager
def cable_to(server: str) -> Iterator[Cable]:
    """Lead from `Cable.address` to the server at this Unix socket.

    Raises:
        NoNamespaces: that cannot be done here.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoNamespaces("network namespaces want root and iproute2")
    name = f"mk{os.getpid() % 1_000_000}"
    with ExitStack() as undo:
        try:
            _ip("netns", "add", name)
            undo.callback(_ip, "netns", "del", name)
            inside = ("netns", "exec", name, "ip")
            _ip(
                "link",
                "add",
                f"{name}h",
                "type",
                "veth",
                "peer",
                "name",
                f"{name}n",
            )
            undo.callback(_forgive, "link", "del", f"{name}h")
            _ip("link", "set", f"{name}n", "netns", name)
            _ip("addr", "add", f"{OURS}/30", "dev", f"{name}h")
            _ip("link", "set", f"{name}h", "up")
            _ip(*inside, "addr", "add", f"{THEIRS}/30", "dev", f"{name}n")
            _ip(*inside, "link", "set", f"{name}n", "up")
        except subprocess.CalledProcessError as error:
            raise NoNamespaces(error.stderr.decode().strip()) from error
        command = ["ip", "netns", "exec", name, sys.executable, __file__, server]
        forwarder = undo.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE)
        )
        undo.callback(forwarder.kill)
        assert forwarder.stdout is not None
        assert forwarder.stdout.readline() == b"ready\n"
        yield Cable(name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _forgive(*arguments: str) -> None:
    with suppress(subprocess.CalledProcessError):
        _ip(*arguments)


def forward(server: str) -> None:
    """Pass on every connection to the Unix socket; runs inside of the namespace, until killed."""
    with socket.create_server((THEIRS, PORT)) as listener:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            near, _ = listener.accept()
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(server)
            except OSError:  # the server is away: so is this connection
                near.close()
                continue
            for pair in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    forward(sys.argv[1])
