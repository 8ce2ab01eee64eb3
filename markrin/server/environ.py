"""Turns a request of the web server into a WSGI environment. Source: PEP 3333."""

from __future__ import annotations

import io
import sys
from typing import Protocol


class Headers(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What of granian's RSGI scope is used here. Source: RSGI specification 1.6."""

    http_version: str
    scheme: str
    server: str
    client: str
    method: str
    path: str  # percent-decoded; what is not UTF-8 has become U+FFFD
    query_string: str
    authority: str | None
    headers: Headers


_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_NAMES: dict[str, str] = {}  # of header to key in the environment; bounded below
_MAX_NAMES = 500


def make_environ(scope: Scope) -> dict[str, object]:
    """Return the environment of a request without a body.

    A header with an underscore in its name is left out: in the environment
    `X-Forwarded-For` and `X-Forwarded_For` have the same key, so that anybody could write
    what only the front may say.

    Of a Content-Type with an encoded parameter (`x*=utf-8''%41`, RFC 8187) only the media type is
    kept. Django decodes it before anything of the shop is asked, and fails where it names an
    encoding that there is not; no call of ours has such a parameter."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, object] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host.strip("[]") or "localhost",
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": _address(scope.client),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = _NAMES.get(name) or _key(name)
        if not key:
            continue
        if (
            key in environ
        ):  # Source: RFC 9110 section 5.3, and RFC 6265 section 5.4 for cookies
            joint = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{joint}{value}"
        else:
            environ[key] = value
    environ.setdefault("HTTP_HOST", scope.authority or "")
    if "*" in (content_type := str(environ.get("CONTENT_TYPE", ""))):
        environ["CONTENT_TYPE"] = content_type.partition(";")[0]
    return environ


def _key(name: str) -> str:
    """Return a header's key in the environment, empty for one that could be taken for another."""
    if "_" in name:
        return ""
    key = _PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")
    if len(_NAMES) < _MAX_NAMES:
        _NAMES[name] = key
    return key


def _address(client: str) -> str:
    """Return the address without its port; nothing for the other end of a Unix socket."""
    host, _, port = client.rpartition(":")
    return host.strip("[]") if port.isdecimal() else ""
