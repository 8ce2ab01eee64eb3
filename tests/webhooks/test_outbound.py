"""Where the shop calls when somebody else names the address, and for how long."""

import ipaddress
import socket
import time
from typing import Any

import pytest

from markrin.outbound import addresses, client
from tests.webhooks.receiver import receiving

PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    # nobody listens there: they are refused
    *("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),  # noqa: S104
    *("255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "2001:db8::1"),
    *("64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::"),
)


@pytest.mark.parametrize("text", PRIVATE)
def test_these_are_not_public(text):
    assert not addresses.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"]
)
def test_these_are_public(text):
    assert addresses.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "ftp://shop.example/",
        "https:///hook",
        "https://user:secret@shop.example/",
        "https://[::1",
        "https://shop.example:99999/",
        "",
    ],
)
def test_these_are_no_addresses(url, settings):
    settings.OUTBOUND_NETWORKS = []
    with pytest.raises(client.AddressRefused):
        client.send("POST", url, headers={})


def answer_names(monkeypatch: Any, *found: str) -> list[str]:
    """Have the name server answer these; return the names that it is asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **rest: Any) -> Any:
        asked.append(host)
        kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (one, port))
            for kind, one in zip(kinds, found, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("private", ["127.0.0.1", "::ffff:10.0.0.1"])
def test_a_name_with_one_private_address_is_not_called(
    monkeypatch, settings, private
):
    settings.OUTBOUND_NETWORKS = []
    answer_names(monkeypatch, "93.184.216.34", private)
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(client.AddressRefused, match="not a public one"):
        client.send("POST", "https://evil.example/", headers={})


def test_the_name_is_asked_for_once_and_the_answer_is_what_is_called(monkeypatch):
    """Whoever answers another address the second time leads nobody astray."""
    with receiving() as one:
        asked = answer_names(monkeypatch, "127.0.0.1")
        connected = []

        def record(place: Any, **rest: Any) -> Any:
            connected.append(place[0])
            raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            raw.settimeout(rest["timeout"])
            raw.connect(place)
            return raw

        monkeypatch.setattr(socket, "create_connection", record)
        reply = client.send(
            "POST", one.url("/a?b=1", host="hook.example"), headers={}, body=b"x"
        )
    assert (reply.status, reply.body) == (200, b"noted")
    assert (asked, connected) == (["hook.example"], ["127.0.0.1"])
    (came,) = one.received
    assert came.path == "/a?b=1"
    assert came.headers["host"] == f"hook.example:{one.port}"


def test_a_redirect_is_an_answer_and_is_not_followed():
    with receiving() as inner, receiving(status=302, location=inner.url()) as outer:
        reply = client.send("POST", outer.url(), headers={}, body=b"x")
        assert (reply.status, reply.headers["location"]) == (302, inner.url())
        assert inner.received == []


@pytest.mark.parametrize("behaviour", [{"hang_s": 20}, {"drip": True}])
def test_the_whole_call_has_one_time_limit(behaviour):
    with receiving(**behaviour) as one:
        began = time.monotonic()
        with pytest.raises(client.CallFailed, match="no answer within"):
            client.send("POST", one.url(), headers={}, body=b"x", total_s=0.4)
        assert time.monotonic() - began < 10


def test_a_port_that_nobody_listens_at():
    with receiving() as one:
        pass
    with pytest.raises(client.CallFailed, match="ConnectionRefused"):
        client.send("POST", one.url(), headers={})
