"""The shop's application, killed on request when the transaction is committed and nothing has
been answered.
"""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from markrin.wsgi import application as shop  # first: the settings stand only then

from markrin.ops.serving import make_bridge  # isort: skip

DIE = "X-Chaos-Die"


def die_when_told(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    answer: Iterable[bytes] = shop(environ, start_response)
    if environ.get("HTTP_" + DIE.upper().replace("-", "_")):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


application = make_bridge(die_when_told)
