"""Sockets of clients that stop reading: the operating system ends them."""

import os
import socket
from contextlib import suppress


def break_off_stalled_readers(seconds: float) -> bool:
    """Have the system end connections whose client takes nothing of what waits for it for
    so many seconds.

    The web server has no time limit for writing. The option is set on the sockets that this
    process listens on, from which each new connection inherits it.

    Returns whether there was such a socket, or the system is none that could do it (it is
    not Linux).

    Source: tcp(7), TCP_USER_TIMEOUT.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return True
    stalled = False
    for name in os.listdir("/proc/self/fd"):
        # A descriptor may be no socket, or gone by now.
        with (
            suppress(OSError),
            socket.socket(fileno=os.dup(int(name))) as connection,
        ):
            if (
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                and connection.family != socket.AF_UNIX
            ):
                connection.setsockopt(
                    socket.IPPROTO_TCP, option, int(seconds * 1000)
                )
                stalled = True
    return stalled
