"""Calls that make carts ready on other shops, which nobody times."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and the JSON document of an answer; of another text, the text."""

    status: int
    headers: Mapping[str, str]
    body: Any


def call(
    base: str,
    method: str,
    path: str,
    body: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request to a server of ours and return its answer, whatever its status."""
    request = urllib.request.Request(  # noqa: S310 (our own server)
        base + path,
        body.encode() or None,
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 (as above)
            status, text = response.status, response.read().decode()
            given = response.headers
    except urllib.error.HTTPError as error:
        status, text, given = error.code, error.read().decode(), error.headers
    try:
        return Answer(status, given, json.loads(text))
    except ValueError:
        return Answer(status, given, text)
