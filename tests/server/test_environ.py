"""From the web server's request to the WSGI environment."""

from dataclasses import dataclass, field
from itertools import permutations

import pytest
from django.core.handlers.wsgi import WSGIRequest

from markrin.server.environ import make_environ


@dataclass
class Headers:
    pairs: list[tuple[str, str]]

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Scope:
    headers: Headers = field(
        default_factory=lambda: Headers([("host", "shop.test")])
    )
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:8000"
    client: str = "203.0.113.7:40000"
    method: str = "GET"
    path: str = "/api/products"
    query_string: str = "limit=1"
    authority: str | None = None


def environ(*headers: tuple[str, str], **scope: str) -> dict[str, object]:
    return make_environ(Scope(Headers(list(headers)), **scope))  # type: ignore[arg-type]


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    "name", ["x-forwarded_for", "x_forwarded-for", "x_forwarded_for"]
)
def test_a_header_that_only_looks_like_the_fronts_is_left_out(name: str) -> None:
    said, claimed = ("x-forwarded-for", "203.0.113.7"), (name, "127.0.0.1")
    for headers in permutations(
        [said, claimed, ("x-request-id", "a"), ("zz", "1")]
    ):
        assert environ(*headers)["HTTP_X_FORWARDED_FOR"] == "203.0.113.7"
    assert "HTTP_X_FORWARDED_FOR" not in environ(claimed)


def test_a_header_given_twice_is_joined() -> None:
    found = environ(
        ("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2")
    )
    assert (found["HTTP_X_A"], found["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")


def test_type_and_length_have_the_keys_of_cgi() -> None:
    found = environ(("content-type", "text/plain"), ("content-length", "3"))
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("text/plain", "3")
    assert "HTTP_CONTENT_TYPE" not in found


@pytest.mark.parametrize(
    "parameter", ["x*=bogus''%41", "charset*=utf-8''%00", "a=b; x*0*=none''%41"]
)
def test_a_type_that_django_cannot_decode_is_cut_off(parameter: str) -> None:
    with pytest.raises((LookupError, ValueError)):
        WSGIRequest(environ() | {"CONTENT_TYPE": f"text/plain; {parameter}"})
    found = environ(("content-type", f"text/plain; {parameter}"))
    assert WSGIRequest(found).content_type == "text/plain"


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("203.0.113.7:40000", "203.0.113.7"),
        ("[2001:db8::1]:40000", "2001:db8::1"),
        ("unix:/run/web.sock", ""),
    ],
)
def test_the_peers_address(client: str, address: str) -> None:
    assert environ(client=client)["REMOTE_ADDR"] == address


def test_path_and_query_are_bytes_as_latin_1() -> None:
    found = environ(path="/café", query_string="q=é")
    assert str(found["PATH_INFO"]).encode("latin-1") == "/café".encode()
    assert str(found["QUERY_STRING"]).encode("latin-1") == "q=é".encode()
