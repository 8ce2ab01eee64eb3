"""Which sockets end readers that take nothing."""

import os
import socket
from pathlib import Path

import pytest

from markrin.server.sockets import break_off_stalled_readers

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="not Linux"
)


def test_what_listens_hands_the_limit_to_its_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert break_off_stalled_readers(2.5)
        with socket.create_connection(server.getsockname()):
            taken, _ = server.accept()
            with taken:
                limit = taken.getsockopt(
                    socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT
                )
    assert limit == 2500


def test_a_unix_socket_has_no_limit_and_is_enough(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        assert break_off_stalled_readers(2.5)


def test_no_descriptor_is_kept() -> None:
    reading, writing = os.pipe()
    with socket.create_server(("127.0.0.1", 0)):
        before = os.listdir("/proc/self/fd")
        for _ in range(3):
            break_off_stalled_readers(2.5)
        assert len(os.listdir("/proc/self/fd")) == len(before)
    os.close(reading)
    os.close(writing)
