"""`manage.py doctor --front https://shop.example`: what only a caller from outside can tell
of the front.

It asks as a stranger would, signs in wrongly a few times under made-up names, and looks up
in this shop's own database which address each of those calls came from."""

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import requests

from markrin.ops import hooks
from markrin.ops.doctor.finding import Finding, fault, note, ok

WAIT_S = 10
SLOW_S = 75  # by when a body that does not come must have been given up
INSIDE = ("/metrics", "/health/live", "/health/ready")
CLAIMED = "192.0.2.66"  # for documentation, RFC 5737: nobody calls from there
CLAIMS = (
    "X-Forwarded-For",
    "X-Forwarded_For",
    "X_Forwarded-For",
    "X_Forwarded_For",
    "Forwarded",
    "X-Real-IP",
)
HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "Content-Security-Policy",
)


def check_front(url: str) -> Iterator[Finding]:
    """Yield the findings about what a stranger can do at this address."""
    place = urlsplit(url.rstrip("/"))
    if place.scheme not in ("http", "https") or not place.hostname:
        yield fault(
            "front",
            f"{url} is no address",
            "Give one such as https://shop.example.",
        )
        return
    try:
        requests.get(f"{url}/api/products?limit=1", timeout=WAIT_S)
    except requests.exceptions.SSLError as exc:
        yield fault(
            "front: https", f"its certificate is not valid: {exc}", "Renew it."
        )
        return
    except requests.RequestException as exc:
        yield fault(
            "front",
            f"{url} does not answer: {type(exc).__name__}",
            "Is it up, and is its name in DNS?",
        )
        return
    yield from _check_https(url, place)
    yield from _check_inside(url)
    yield _check_host(place)
    yield from _check_addresses(place)
    yield from _check_patience(place)


def _check_https(url: str, place: SplitResult) -> Iterator[Finding]:
    if place.scheme != "https":
        yield fault(
            "front: https",
            "it is asked over http",
            "Serve the shop over https only.",
        )
        return
    answer = requests.get(f"{url}/api/products?limit=1", timeout=WAIT_S)
    missing = [name for name in HEADERS if name not in answer.headers]
    if missing:
        todo = "The front must pass on the shop's headers, and say X-Forwarded-Proto: https."
        yield fault("front: headers", f"{', '.join(missing)} missing", todo)
    else:
        yield ok("front: headers", ", ".join(HEADERS))
    try:
        plain = requests.get(
            f"http://{place.hostname}/", timeout=WAIT_S, allow_redirects=False
        )
    except requests.RequestException:
        yield note("front: http", "port 80 does not answer")
        return
    if plain.headers.get("Location", "").startswith("https://"):
        yield ok("front: http", f"{plain.status_code} to https")
    else:
        yield fault(
            "front: http", f"answers {plain.status_code}", "Redirect http to https."
        )


def _check_inside(url: str) -> Iterator[Finding]:
    open_to_all = [
        path for path in INSIDE if requests.get(url + path, timeout=WAIT_S).ok
    ]
    if open_to_all:
        todo = "The front must answer 404: deploy/Caddyfile and deploy/nginx.conf show how."
        yield fault(
            "front: inside", f"{', '.join(open_to_all)} answers everybody", todo
        )
    else:
        yield ok("front: inside", "health and metrics are not for the public")


def _check_host(place: SplitResult) -> Finding:
    for path in ("/api/products?limit=1", "/api/cart"):
        status = _ask(place, path, {"Host": "doctor.invalid"})
        if status is not None and status < 400:
            todo = "ALLOWED_HOSTS must have the shop's names only."
            return fault("front: host", f"{path} is answered under any name", todo)
    return ok("front: host", "another name is refused")


def _check_addresses(place: SplitResult) -> Iterator[Finding]:
    """Compare the address of an honest call with those of calls that claim another."""
    calls = {"": uuid4().hex} | {name: uuid4().hex for name in CLAIMS}
    for name, request_id in calls.items():
        claim = f"for={CLAIMED}" if name == "Forwarded" else CLAIMED
        _sign_in_wrongly(place, request_id, {name: claim} if name else {})
    addresses: dict[str, str | None] = {}
    for part in hooks.request_addresses(requests=list(calls.values())):
        addresses |= part
    honest = addresses.get(calls[""])
    if honest is None:
        todo = (
            "Run this where the shop's own settings are; is X-Request-Id passed on?"
        )
        yield fault(
            "front: address", "its sign-ins are not in this shop's log", todo
        )
        return
    believed = [name for name in CLAIMS if addresses.get(calls[name]) != honest]
    if believed:
        todo = (
            "The front must replace it, and TRUSTED_PROXIES must be the front's addresses"
            " alone."
        )
        yield fault(
            "front: address",
            f"anybody is who they like by {', '.join(believed)}",
            todo,
        )
    else:
        yield ok(
            "front: address",
            f"this call came from {honest}, whatever its headers claim",
        )


def _sign_in_wrongly(
    place: SplitResult, request_id: str, headers: dict[str, str]
) -> None:
    body = b'{"email":"%s@example.org","password":"wrong"}' % request_id.encode()
    own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    _ask(
        place, "/api/auth/login", own | {"X-Request-Id": request_id} | headers, body
    )


def _ask(
    place: SplitResult, path: str, headers: dict[str, str], body: bytes = b""
) -> int | None:
    """Return the status, None where the connection was closed; header names go out as they are."""
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(str(place.hostname), place.port, timeout=WAIT_S)
    try:
        connection.putrequest(
            "POST" if body else "GET", path, skip_host="Host" in headers
        )
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _check_patience(place: SplitResult) -> Iterator[Finding]:
    """Check that the front gives up on a head and on a body that do not come."""
    head = (
        f"POST /api/auth/login HTTP/1.1\r\nHost: {place.hostname}\r\nContent-Type:"
        " application/json\r\n"
    )
    parts = {"head": head, "body": f"{head}Content-Length: 100\r\n\r\n{{"}
    with ThreadPoolExecutor(len(parts)) as pool:
        waited = dict(
            zip(
                parts,
                pool.map(lambda part: _wait_out(place, part), parts.values()),
                strict=True,
            )
        )
    endless = [name for name, seconds in waited.items() if seconds is None]
    if endless:
        todo = "Give the front time limits: deploy/Caddyfile and deploy/nginx.conf show how."
        yield fault(
            "front: patience",
            f"it waits more than {SLOW_S} s for a {' and a '.join(endless)}",
            todo,
        )
    else:
        text = ", ".join(
            f"{name} {seconds:.0f} s" for name, seconds in waited.items()
        )
        yield ok("front: patience", f"gives up on what does not come ({text})")


def _wait_out(place: SplitResult, sent: str) -> float | None:
    """Return the seconds until the other side answers or hangs up, None where it does neither."""
    port = place.port or (443 if place.scheme == "https" else 80)
    started = time.monotonic()
    with socket.create_connection(
        (str(place.hostname), port), timeout=WAIT_S
    ) as plain:
        context = ssl.create_default_context()
        with (
            context.wrap_socket(plain, server_hostname=place.hostname)
            if place.scheme == "https"
            else plain
        ) as connection:
            connection.sendall(sent.encode())
            connection.settimeout(SLOW_S)
            try:
                connection.recv(1)
            except TimeoutError:
                return None
            except OSError:
                pass
    return time.monotonic() - started
