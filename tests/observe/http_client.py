"""Requests to a server that a test has started."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlencode


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Follow nothing."""


_open = urllib.request.build_opener(_Stay)


def send_request(
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    form: dict[str, str] | None = None,
    method: str | None = None,
    **more: str,
) -> Answer:
    """GET, or POST a JSON document, bytes or a form; in a header's name `_` stands for `-`.
    No answer is an error.
    """
    given = {**(headers or {}), **more}
    sent = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in given.items()
    }
    data = (
        body
        if body is None or isinstance(body, bytes)
        else json.dumps(body, default=str).encode()
    )
    if form is not None:
        data, sent["Content-Type"] = (
            urlencode(form).encode(),
            "application/x-www-form-urlencoded",
        )
    request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 (ours)
    try:
        with _open.open(request, timeout=20) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())
