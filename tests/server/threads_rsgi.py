"""Behind the shop's own web server: which thread answers what."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from markrin.server.bridge import Bridge
from markrin.server.responses import Response


def answer_at_once(environ: dict[str, Any]) -> Response | None:
    if environ["PATH_INFO"] != "/kept":
        return None
    return Response(200, [], threading.current_thread().name.encode())


def answer(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes]:
    start_response("200 OK", [])
    body = environ["wsgi.input"].read()
    return [threading.current_thread().name.encode(), b" ", body]


def refuse(environ: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(status, [], b"refused")


application = Bridge(answer, refuse=refuse, answer_at_once=answer_at_once)
