"""The shop's WSGI application, killed on request when the transaction is committed and
nothing has been answered.
"""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from markrin.wsgi import application as shop

DIE = "X-Chaos-Die"


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    answer: Iterable[bytes] = shop(environ, start_response)
    if environ.get("HTTP_" + DIE.upper().replace("-", "_")):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
