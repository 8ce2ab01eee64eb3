"""A WSGI application that answers one body, and does nothing else: what the server itself
can do.
"""

import os
from collections.abc import Iterable
from typing import Any

_BODY = open(os.environ["BARE_BODY"], "rb").read()  # noqa: SIM115 (once, at the start)
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(_BODY))),
]


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer."""
    start_response("200 OK", _HEADERS)
    return [_BODY]
