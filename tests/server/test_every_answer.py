"""What holds of every answer, from a real web process with the settings of production:
security headers, problem documents, CORS, and the same answer to the same request whether
it was kept or not."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dev import processes
from markrin.api.security_headers import NO_PAGE
from tests import services
from tests.factories import make_product, make_variant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

HTTPS = {"Host": "shop.test", "X-Forwarded-Proto": "https"}
PARTNER = "https://partner.test"
BODY = {"Content-Type": "application/json"}
ENV = {
    "ALLOWED_HOSTS": "shop.test",
    "TRUSTED_PROXIES": "127.0.0.1",
    "METRICS_NETWORKS": "198.51.100.0/24",
    "SECURE_SSL_REDIRECT": "1",
    "CACHE_ANSWERS": "1",
    "SHOP_URL": "https://shop.test",
    "CORS_ALLOWED_ORIGINS": PARTNER,
    "REQUEST_BODY_S": "1",
    "REQUEST_MAX_BYTES": "200000",
}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def code(self) -> object:
        return json.loads(self.body)["code"]


@pytest.fixture(scope="module")
def port(
    django_db_setup: None,
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    media = tmp_path_factory.mktemp("media")
    (media / "products").mkdir()
    (media / "products/a-200.webp").write_bytes(b"a picture")
    env = ENV | {"MEDIA_ROOT": str(media)}
    with django_db_blocker.unblock(), services.web(env=env) as web:  # type: ignore[attr-defined]
        yield int(web.url.rpartition(":")[2])


def send_request(
    port: int,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        given = HTTPS | (headers or {})
        connection.putrequest(
            method, path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@pytest.fixture
def slug(transactional_db: None) -> str:
    return str(make_variant(product=make_product(name="Linen shirt")).product.slug)


ANY = 0  # the shop's pages and the admin's files are not built where tests run
# path, method, headers, body, status
ANSWERS: dict[str, tuple[str, str, dict[str, str], bytes, int]] = {
    "page": ("/", "GET", {}, b"", ANY),
    "unknown page": ("/nope", "GET", {}, b"", 404),
    "unknown file": ("/static/nope.css", "GET", {}, b"", 404),
    "list": ("/api/products?limit=1", "GET", {}, b"", 200),
    "unknown product": ("/api/products/nope-nope", "GET", {}, b"", 404),
    "unknown path": ("/api/nope", "GET", {}, b"", 404),
    "picture": ("/media/products/a-200.webp", "GET", {}, b"", 200),
    "unknown picture": ("/media/products/nope.webp", "GET", {}, b"", 404),
    "nobody": ("/api/auth/profile", "GET", {}, b"", 401),
    "cart": ("/api/cart", "GET", {}, b"", 200),
    "documentation": ("/api/docs", "GET", {}, b"", ANY),
    "document": ("/api/schema", "GET", {}, b"", 200),
    "documentation as JSON": (
        "/api/docs",
        "GET",
        {"Accept": "application/json"},
        b"",
        406,
    ),
    "other type": ("/api/products", "GET", {"Accept": "text/html"}, b"", 406),
    "admin": ("/admin/login/", "GET", {}, b"", ANY),
    "admin, signed out": ("/admin/", "GET", {}, b"", 302),
    "other method": ("/api/cart", "PUT", {}, b"", 405),
    "options": ("/api/cart", "OPTIONS", {}, b"", 204),
    "other media type": (
        "/api/auth/login",
        "POST",
        {"Content-Type": "text/plain", "Content-Length": "1"},
        b"x",
        415,
    ),
    "bad host": ("/api/cart", "GET", {"Host": "evil.test"}, b"", 400),
    "bad host, page": ("/", "GET", {"Host": "evil.test"}, b"", 400),
    "live": ("/health/live", "GET", {}, b"", 200),
    "metrics": ("/metrics", "GET", {"X-Forwarded-For": "203.0.113.7"}, b"", 404),
    "webhook": ("/api/payments/webhooks/nope", "POST", {}, b"", 404),
    "too late": (
        "/api/auth/login",
        "POST",
        BODY | {"Content-Length": "9"},
        b"{",
        408,
    ),
    "too long": (
        "/api/auth/login",
        "POST",
        BODY | {"Content-Length": "999999"},
        b"",
        413,
    ),
}


@pytest.mark.asvs("3.4.1", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.2.1")
@pytest.mark.parametrize("kind", ANSWERS)
def test_every_answer_has_the_security_headers(
    kind: str, port: int, transactional_db: None
) -> None:
    path, method, headers, body, status = ANSWERS[kind]
    for _ in range(3):  # made, kept by the server, and from memory
        answer = send_request(port, path, method, headers, body)
        assert answer.status == status or status == ANY
        assert answer.headers["Strict-Transport-Security"].startswith(
            "max-age=31536000"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"]
        is_page = path in ("/api/docs", "/api/schema") or "/api/" not in path
        if not is_page and answer.status < 400:
            assert answer.headers["Content-Security-Policy"] == NO_PAGE
        if path.startswith("/api/") and answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert json.loads(answer.body)["status"] == answer.status


def test_hsts_is_not_said_over_http(port: int, transactional_db: None) -> None:
    answer = send_request(port, "/api/cart", headers={"X-Forwarded-Proto": "http"})
    assert (answer.status, answer.headers["Location"]) == (
        301,
        "https://shop.test/api/cart",
    )
    assert answer.headers["Strict-Transport-Security"] is None


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize(
    "kind",
    [each for each in ANSWERS if ANSWERS[each][0].startswith(("/api/", "/media/"))],
)
def test_a_known_origins_page_reads_every_answer(
    kind: str, port: int, transactional_db: None
) -> None:
    path, method, headers, body, status = ANSWERS[kind]
    answer = send_request(port, path, method, headers | {"Origin": PARTNER}, body)
    assert answer.status == status or status == ANY
    assert answer.headers["Access-Control-Allow-Origin"] == PARTNER
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    wanted = {"X-Request-Id", "Idempotency-Replayed", "Content-Disposition", "ETag"}
    assert exposed >= wanted
    stranger = send_request(
        port, path, method, headers | {"Origin": "https://evil.test"}, body
    )
    assert stranger.headers["Access-Control-Allow-Origin"] is None


SAME: dict[str, dict[str, str]] = {
    "a token that is none": {"Authorization": "Bearer undefined"},
    "another host": {"Host": "evil.test"},
    "a host with a port of its own": {"Host": "shop.test:8443"},
    "no JSON wanted": {"Accept": "application/json;q=0"},
    "a page wanted": {"Accept": "text/html"},
    "anything": {"Accept": "text/html, */*;q=0.1"},
    "a body": {"Content-Length": "2"},
    "plain http": {"X-Forwarded-Proto": "http"},
    "known already": {"If-None-Match": "*"},
    "a known origin": {"Origin": PARTNER},
    "an unknown origin": {"Origin": "https://evil.test"},
}
FROM_MEMORY = "markrin; hit; detail=memory"
OF_ONE = {"date", "x-request-id", "cache-status"}


@pytest.mark.asvs("14.2.2", "4.1.1")
@pytest.mark.parametrize("what", SAME)
@pytest.mark.parametrize("known", [True, False], ids=["product", "unknown product"])
def test_the_same_request_gets_the_same_answer_cold_and_kept(
    what: str, known: bool, slug: str, port: int
) -> None:
    path = f"/api/products/{slug if known else 'nope-nope'}"
    body = b"{}" if "Content-Length" in SAME[what] else b""
    cold = send_request(port, path, headers=SAME[what], body=body)
    # From the cache's server, then from memory. Beside busy neighbours the line to that server
    # may be late with a sign of life; the shop then asks the database meanwhile.
    assert processes.wait_for(
        lambda: send_request(port, path).headers["Cache-Status"] == FROM_MEMORY,
        seconds=60,
    )
    kept = send_request(port, path, headers=SAME[what], body=body)
    assert kept.status == cold.status

    def shown(answer: Answer) -> dict[str, str]:
        return {
            k.lower(): v
            for k, v in answer.headers.items()
            if k.lower() not in OF_ONE
        }

    assert shown(kept) == shown(cold)
    if cold.status >= 400:
        assert kept.code == cold.code
    else:
        assert kept.body == cold.body
