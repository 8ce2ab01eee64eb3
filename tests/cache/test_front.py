"""The WSGI application before Django's: what it answers itself, and what it leaves to Django."""

import gzip
import io

import pytest
from django.test import override_settings

from markrin.cache.wsgi_frontend import Front
from tests.cache.conftest import until

PATH = "/api/shelves/shirt"


def call(front, **environ):
    """Send a request through `front`; return status, headers and body."""
    started = []
    body = front(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": PATH,
            "HTTP_HOST": "testserver",
            "QUERY_STRING": "",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            **environ,
        },
        lambda status, headers, exc_info=None: started.append((status, headers)),
    )
    return started[0][0], dict(started[0][1]), b"".join(body)


def django(environ, start_response):
    start_response("299 Django", [])
    return [b""]


@pytest.fixture
def front(shop):
    until(lambda: "detail=memory" in shop.get(PATH).headers["Cache-Status"])
    return Front(django)


def test_answers_from_memory_what_the_middleware_would(front, shop):
    theirs = shop.get(PATH, headers={"X-Request-Id": "from-the-proxy"})
    status, headers, body = call(front, HTTP_X_REQUEST_ID="from-the-proxy")

    assert (status, body) == ("200 OK", theirs.content)
    assert headers == dict(theirs.headers)


def test_answers_in_the_coding_asked_for_and_304_to_whoever_has_it(front, shop):
    status, headers, body = call(front, HTTP_ACCEPT_ENCODING="gzip")
    assert gzip.decompress(body) == shop.get(PATH).content

    status, again, body = call(
        front, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=headers["ETag"]
    )
    assert (status, body) == ("304 Not Modified", b"")
    assert not again.keys() & {"Content-Type", "Content-Length", "Content-Encoding"}
    assert again["ETag"] == headers["ETag"]


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_ORIGIN": "https://shop.example"},
        {"HTTP_ACCEPT": "text/html"},
        {"QUERY_STRING": "size=M"},
        {"PATH_INFO": "/api/till"},
        {"CONTENT_LENGTH": "2"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_ACCEPT": "application/json;q=0"},
    ],
    ids=str,
)
def test_leaves_the_rest_to_django(front, environ):
    assert call(front, **environ)[0] == "299 Django"


def test_plain_http_is_left_to_be_redirected_where_only_https_may_be_spoken(front):
    with override_settings(SECURE_SSL_REDIRECT=True):
        strict = Front(django)
    with override_settings(
        SECURE_SSL_REDIRECT=True,
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    ):
        proxied = Front(django)

    assert call(strict)[0] == "299 Django"
    assert call(strict, **{"wsgi.url_scheme": "https"})[0] == "200 OK"
    assert call(proxied, **{"wsgi.url_scheme": "https"})[0] == "299 Django"
    assert call(proxied, HTTP_X_FORWARDED_PROTO="https")[0] == "200 OK"


def test_leaves_everything_to_django_while_the_line_is_not_known_to_be_alive(
    front, line
):
    line.suspect()
    assert call(front)[0] == "299 Django"
