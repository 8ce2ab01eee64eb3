"""Sockets of clients that stop reading: the operating system ends them."""

import os
import socket
import stat
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
    is_found = False
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # one that is gone by now
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as one:
                if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    continue
                if one.family != socket.AF_UNIX:  # behind which stands a front
                    one.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))
                is_found = True
    return is_found
