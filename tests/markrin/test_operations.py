"""What `@operation` lets through to a view, and how it refuses the rest, over HTTP."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.client import Client

U = "0190b6f0-7000-7000-8000-00000000000a"
ORDER = {"addressId": U, "paymentMethod": "cod"}
JSON = "application/json"


def problem(response: Any) -> tuple[int, str]:
    """Return status and code of a problem document, after a look at its shape."""
    assert response.headers["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == response.status_code
    assert {"type", "title", "status", "detail", "code", "requestId"} <= set(found)
    return response.status_code, found["code"]


def places(response: Any) -> list[tuple[str, str]]:
    """Return place and code of each error of a problem document."""
    return [
        (
            next(
                error[place]
                for place in ("pointer", "parameter", "header")
                if place in error
            ),
            error["code"],
        )
        for error in response.json()["errors"]
    ]


def test_hands_over_what_was_declared(front: Client) -> None:
    response = front.post(
        "/api/orders",
        {**ORDER, "lines": [{"quantity": 2}]},
        headers={"Idempotency-Key": '"k"'},
    )
    assert response.status_code == 200, response.json()
    said = response.json()["said"]
    assert f"'address_id': UUID('{U}')" in said
    assert "'payment_method': Method.COD" in said
    assert "'gift': False" in said
    assert "'idempotency_key': '\"k\"'" in said
    listed = front.get("/api/orders?color=red,blue&inStock=true&limit=5").json()[
        "said"
    ]
    assert "'color': ['red', 'blue']" in listed
    assert "'in_stock': True" in listed
    assert all(
        part in listed for part in ("'limit': 5", "'page': 1", "'cursor': None")
    )


def test_collects_the_problems_of_all_parts(front: Client) -> None:
    response = front.post(
        "/api/orders?x=1", {"addressId": 5}, headers={"Idempotency-Key": "a b"}
    )
    assert problem(response) == (400, "invalid")
    assert places(response) == [
        ("x", "unknown"),
        ("Idempotency-Key", "format"),
        ("/addressId", "type"),
        ("/paymentMethod", "required"),
    ]


BODIES: list[tuple[bytes, str, dict[str, str], int, str]] = [
    (b"", JSON, {}, 400, "malformed"),
    (b"[]", JSON, {}, 400, "malformed"),
    (b'{"a":1', JSON, {}, 400, "malformed"),
    (b'{"gift":true,"gift":true}', JSON, {}, 400, "malformed"),
    (b'{"name":"\\ud800"}', JSON, {}, 400, "malformed"),
    (b"\xff", JSON, {}, 400, "malformed"),
    (b'{"gift":"sesame"}', JSON, {}, 400, "invalid"),
    (b'{"at":"0001-01-01T00:00:00+14:00"}', JSON, {}, 400, "invalid"),
    (b"{}", "text/plain", {}, 415, "unsupported_media_type"),
    (b"{}", "", {}, 415, "unsupported_media_type"),
    (b"{}", "application/json; charset=latin-1", {}, 415, "unsupported_media_type"),
    (b"{}", "application/json; charset=utf-16", {}, 415, "unsupported_media_type"),
    (b"{}", "application/x-www-form-urlencoded", {}, 415, "unsupported_media_type"),
    (b"{}", "multipart/form-data; boundary=x", {}, 415, "unsupported_media_type"),
    (b"{}", JSON, {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    (
        b"{}",
        JSON,
        {"Content-Encoding": "identity, br"},
        415,
        "unsupported_media_type",
    ),
    (b" " * (100 * 1024) + b"{}", JSON, {}, 413, "too_large"),
    (b"[" * 100_000, JSON, {}, 400, "malformed"),
]


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "code"), BODIES
)
def test_refuses_a_body(
    front: Client,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    response = front.send(
        "PATCH", f"/api/orders/{U}", body, content_type, headers=headers
    )
    assert problem(response) == (status, code)
    assert b"sesame" not in response.content


@pytest.mark.parametrize(
    "content_type",
    [JSON, "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"'],
)
def test_takes_json_however_its_type_is_spelt(
    front: Client, content_type: str
) -> None:
    response = front.send(
        "PATCH", f"/api/orders/{U}", b'{"gift":true}', content_type
    )
    assert response.json()["said"] == repr({"gift": True})


def test_takes_100_kilobytes_exactly(front: Client) -> None:
    body = b'{"gift":true}'
    response = front.send(
        "PATCH", f"/api/orders/{U}", b" " * (100 * 1024 - len(body)) + body, JSON
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/orders?nope=1", [("nope", "unknown")]),
        ("/api/orders?page=1&page=1", [("page", "repeated")]),
        ("/api/orders?page=%ff", [("page", "encoding")]),
        ("/api/orders?color=a%00b", [("color", "characters")]),
        ("/api/orders?page=1.0&inStock=1", [("inStock", "type"), ("page", "type")]),
        (f"/api/orders/{U}?x=1", [("x", "unknown")]),
    ],
)
def test_refuses_a_query_string(
    front: Client, path: str, expected: list[tuple[str, str]]
) -> None:
    response = front.get(path)
    assert problem(response) == (400, "invalid")
    assert places(response) == expected


def test_a_method_without_a_declared_body_takes_none(front: Client) -> None:
    assert front.delete("/api/orders").status_code == 204
    assert places(front.delete("/api/orders", {})) == [("", "unexpected")]
    assert places(front.send("GET", "/api/orders", b"x", "text/plain")) == [
        ("", "unexpected")
    ]


@pytest.mark.parametrize(
    "path",
    [
        f"/api/orders/{U.upper()}",
        f"/api/orders/{U}0",
        f"/api/orders/{U}/",
        f"/api/orders/{U}%0A",
        "/api/orders/1",
        "/api/orders/%00",
        "/api/orders/%ff",
        "/api/keys/A",
        "/api/keys/a%00",
        "/api/keys/" + "a" * 121,
        "/api/keys/a_b",
        "/api/nothing",
        "/api/",
        "/api/%ff",
    ],
)
def test_an_unknown_path_is_a_404_without_a_query(
    front: Client, path: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert problem(front.get(path)) == (404, "not_found")


def test_a_key_is_an_id_or_a_slug(front: Client) -> None:
    assert front.get(f"/api/keys/{U}").json()["said"] == "{'key': UUID('%s')}" % U  # noqa: UP031
    assert front.get("/api/keys/red-shirt").json()["said"] == "{'key': 'red-shirt'}"


@pytest.mark.asvs("13.4.4", "3.5.3")
def test_methods(front: Client) -> None:
    refused = front.put("/api/orders", {})
    assert problem(refused) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == {
        "GET",
        "POST",
        "DELETE",
        "HEAD",
        "OPTIONS",
    }
    assert problem(front.post("/api/mine", {})) == (
        405,
        "method_not_allowed",
    )  # before any question of who
    head = front.http.head("/api/orders")
    assert (head.status_code, head.content) == (200, b"")
    assert problem_status(front.http.head("/api/orders?x=1")) == 400
    options = front.options("/api/mine")
    assert (options.status_code, options.content, options.headers["Allow"]) == (
        204,
        b"",
        "GET, HEAD, OPTIONS",
    )


def problem_status(response: Any) -> int:
    assert response.headers["Content-Type"] == "application/problem+json"
    status: int = response.status_code
    return status


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/api/orders", "*/*", 200),
        ("/api/orders", "", 200),
        ("/api/orders", "text/html, application/json;q=0.1", 200),
        ("/api/orders", "application/problem+json", 200),
        ("/api/orders", "application/*", 200),
        ("/api/orders", "text/html", 406),
        ("/api/orders", "application/json;q=0", 406),
        ("/api/orders", "garbage", 406),
        (f"/api/orders/{U}", "application/pdf", 200),
        ("/api/orders", "application/pdf", 406),
    ],
)
def test_answers_only_in_types_that_are_accepted(
    front: Client, path: str, accept: str, status: int
) -> None:
    response = front.get(path, headers={"Accept": accept})
    assert response.status_code == status
    if status == 406:
        assert problem(response) == (406, "not_acceptable")


def test_a_beacon_may_be_plain_text_and_is_small(front: Client) -> None:
    assert (
        front.send(
            "POST", "/api/beacon", b'{"quantity":1}', "text/plain;charset=UTF-8"
        ).status_code
        == 200
    )
    assert (
        problem(
            front.send("POST", "/api/beacon", b" " * 200 + b"{}", "text/plain")
        )[0]
        == 413
    )
    assert problem(front.send("POST", "/api/beacon", b"{}", "text/html"))[0] == 415


def test_request_data_is_as_strict(front: Client) -> None:
    assert front.put("/api/raw", {}).json()["said"] == "{'data': {}}"


# --- Uploads -------------------------------------------------------------------------------------
def picture(kind: str = "PNG", size: tuple[int, int] = (20, 10)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


def file(content: bytes, name: str = "a.png") -> io.BytesIO:
    made = io.BytesIO(content)
    made.name = name
    return made


def test_takes_a_picture_with_its_text(front: Client) -> None:
    response = front.post(
        "/api/pictures",
        files={"file": file(picture(), "../../x.exe"), "altText": "Red"},
    )
    assert response.json() == {"size": [20, 10], "altText": "Red"}


@pytest.mark.asvs("5.2.1")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, [("/file", "required")]),
        ({"file": "text"}, [("/file", "type")]),
        ({"file": picture(), "extra": "1"}, [("/extra", "unknown")]),
        ({"file": picture(), "other": picture()}, [("/other", "unknown")]),
        ({"file": [picture(), picture()]}, [("/file", "repeated")]),
        ({"file": picture(), "altText": " "}, [("/altText", "too_short")]),
        ({"file": b"GIF89a"}, [("/file", "format")]),
        ({"file": picture(size=(101, 100))}, [("/file", "too_many_pixels")]),
    ],
)
def test_refuses_an_upload(
    front: Client, parts: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    def part(value: Any) -> Any:
        if isinstance(value, list):
            return [part(each) for each in value]
        return file(value) if isinstance(value, bytes) else value

    response = front.post(
        "/api/pictures", files={name: part(value) for name, value in parts.items()}
    )
    assert problem(response) == (400, "invalid")
    assert places(response) == expected


def test_refuses_an_upload_s_wrapping(front: Client) -> None:
    assert problem(front.post("/api/pictures", {"file": "x"})) == (
        415,
        "unsupported_media_type",
    )
    large = front.post("/api/pictures", files={"file": file(b"\0" * 200_000)})
    assert problem(large) == (413, "too_large")
    cut = front.send(
        "POST",
        "/api/pictures",
        b"--x\r\nContent-Dis",
        "multipart/form-data; boundary=x",
    )
    assert problem(cut)[0] == 400
    assert (
        problem(front.send("POST", "/api/pictures", b"abc", "multipart/form-data"))[
            0
        ]
        == 400
    )


# --- Who may -------------------------------------------------------------------------------------
def test_nobody_is_asked_to_sign_in(front: Client) -> None:
    for path in ("/api/mine", "/api/staff"):
        response = front.get(path)
        assert problem(response) == (401, "token_missing")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_bad_token_is_refused_even_where_none_is_needed(front: Client) -> None:
    response = front.get("/api/orders", headers={"Authorization": "Bearer x"})
    assert problem(response) == (401, "token_invalid")
