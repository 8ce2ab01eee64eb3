"""Feeds that are fetched: from a real server on this machine, which can also misbehave."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import override_settings

from products.checks import check_feeds
from products.models import Feed, FeedPull
from products.models.feed import FeedState
from products.services.feeds import pulls
from tests.factories import make_variant


class Warehouse(ThreadingHTTPServer):
    """Answers every GET with `status`, `headers` and `body`, and remembers what it was asked."""

    status = 200
    headers: dict[str, str] = {}
    body = b""
    asked: list[dict[str, str]]


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        house = self.server
        house.asked.append(dict(self.headers))
        known = (
            house.headers.get("ETag")
            and self.headers.get("If-None-Match") == house.headers["ETag"]
        )
        self.send_response(304 if known else house.status)
        for name, value in house.headers.items():
            self.send_header(name, value)
        body = b"" if known else house.body
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def warehouse(settings) -> Iterator[Warehouse]:
    house = Warehouse(("127.0.0.1", 0), _Handler)
    house.asked = []
    thread = threading.Thread(
        target=house.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    settings.FEEDS = {
        "wms": {
            "url": f"http://127.0.0.1:{house.server_port}/stock",
            "authorization": "Bearer x",
        }
    }
    yield house
    house.shutdown()
    thread.join()
    house.server_close()


@pytest.mark.django_db
def test_a_feed_is_fetched_once_until_it_changes(warehouse) -> None:
    variant = make_variant(stock=1)
    warehouse.headers = {
        "ETag": '"1"',
        "Last-Modified": "Thu, 01 Jan 2026 10:00:00 GMT",
    }
    warehouse.body = f"sku,quantity\n{variant.sku},4\n".encode()
    feed = pulls.pull_feed("wms")
    assert feed is not None
    assert (feed.state, feed.counted_at.isoformat()) == (
        FeedState.STAGED,
        "2026-01-01T10:00:00+00:00",
    )
    assert warehouse.asked[0]["Authorization"] == "Bearer x"
    assert pulls.pull_feed("wms") is None
    assert warehouse.asked[1]["If-None-Match"] == '"1"'
    warehouse.headers = {
        "ETag": '"2"',
        "Last-Modified": "Thu, 01 Jan 2026 11:00:00 GMT",
    }
    assert pulls.pull_feed("wms") is not None, "the same pieces, counted again"
    assert Feed.objects.count() == 2


@pytest.mark.django_db
def test_without_a_time_the_same_content_is_nothing_new(warehouse) -> None:
    variant = make_variant(stock=1)
    warehouse.body = f"sku,quantity\n{variant.sku},4\n".encode()
    assert pulls.pull_feed("wms") is not None
    assert pulls.pull_feed("wms") is None
    warehouse.body = f"sku,quantity\n{variant.sku},5\n".encode()
    assert pulls.pull_feed("wms") is not None


@pytest.mark.django_db
def test_what_goes_wrong_is_noted_and_stops_no_other(warehouse, settings) -> None:
    variant = make_variant(stock=1)
    good = settings.FEEDS["wms"]
    settings.FEEDS = {"gone": {"url": "http://127.0.0.1:9/"}, "wms": good}
    warehouse.body = f"sku,quantity\n{variant.sku},4\n".encode()
    pulls.pull_feeds()
    assert Feed.objects.get().source == "wms"
    assert FeedPull.objects.get(source="gone").error.startswith("ConnectionError")
    assert FeedPull.objects.get(source="wms").error == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, b"sku,quantity\n", "answered 500"),
        (302, b"sku,quantity\n", "answered 302"),
        (200, b"x" * 5000, "more than 4,000 bytes"),
        (200, b"<html>Please sign in</html>", "is missing"),
    ],
)
@pytest.mark.asvs("15.3.2")
def test_a_bad_answer_is_no_feed(
    warehouse, settings, status: int, body: bytes, says: str
) -> None:
    settings.FEED_MAX_BYTES = 4000
    warehouse.status, warehouse.body, warehouse.headers = (
        status,
        body,
        {"Location": "http://127.0.0.1:1/"},
    )
    pulls.pull_feeds()
    assert says in FeedPull.objects.get().error
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    ("feeds", "says"),
    [
        ([], "must be an object"),
        ({"WMS": {"url": "https://a.example.com/"}}, "lower-case"),
        ({"wms": {"url": "http://a.example.com/"}}, "https"),
        ({"wms": {"url": "https://user:password@a.example.com/"}}, "no password"),
        (
            {"wms": {"url": "https://a.example.com/", "mode": "delta"}},
            "mode must be",
        ),
        ({"wms": {"url": "https://a.example.com/", "token": "x"}}, "has no token"),
        ({"wms": "https://a.example.com/"}, "object of texts"),
    ],
)
def test_a_wrong_setting_is_named(feeds: Any, says: str) -> None:
    with override_settings(FEEDS=feeds):
        assert any(says in str(error) for error in check_feeds())
    with override_settings(
        FEEDS={"wms": {"url": "https://a.example.com/stock", "mode": "full"}}
    ):
        assert check_feeds() == []
