"""Cookie mode, and what other origins may do."""

from itertools import product
from typing import Any

import pytest
from django.test import override_settings

from accounts.models import Session
from tests.accounts.flows import (
    ORIGIN,
    WEB,
    login,
    profile,
    read_refusal,
    refresh,
    session_of,
)
from tests.client import Client
from tests.factories import PASSWORD

ALLOWED = "https://shop.example"
FORGED = (403, "csrf_failed")


@pytest.fixture
def secure():
    """Let the cookie be as it is outside of DEBUG."""
    with override_settings(
        REFRESH_COOKIE_SECURE=True, AUTH_ORIGINS=[ORIGIN, ALLOWED]
    ):
        yield


def cookie_of(answer: Any) -> str:
    """Return the token that a Set-Cookie header holds."""
    return str(answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0])


def web_login(user: Any, **headers: str) -> Any:
    """Sign in as the shop's page does and return the response."""
    body = {"email": user.email, "password": PASSWORD}
    return Client().post("/api/auth/login", body, headers=WEB | headers)


def web(path: str, token: str | None, **headers: str | None) -> Any:
    """POST {} as the shop's page does, with the cookie; a header that is None is left out."""
    sent = {
        **WEB,
        **({"Cookie": f"__Host-mk_rt={token}"} if token else {}),
        **headers,
    }
    return Client().post(
        path,
        {},
        headers={name: value for name, value in sent.items() if value is not None},
    )


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
def test_the_cookie_byte_for_byte(customer, secure):
    answer = web_login(customer)
    token = cookie_of(answer)
    assert (
        answer.headers["Set-Cookie"]
        == f"__Host-mk_rt={token}; Path=/; Secure; HttpOnly; SameSite=Strict;"
        " Max-Age=604800"
    )
    assert "refresh" not in answer.json()
    assert token not in answer.content.decode()
    second = web("/api/auth/refresh", token)
    assert second.status_code == 200
    assert "refresh" not in second.json()
    assert second.headers["Set-Cookie"].startswith(
        f"__Host-mk_rt={cookie_of(second)}; Path=/; Secure; HttpOnly;"
    )
    out = web("/api/auth/logout", cookie_of(second))
    assert out.status_code == 204
    assert (
        out.headers["Set-Cookie"]
        == "__Host-mk_rt=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
    )
    late = web("/api/auth/refresh", cookie_of(second))
    assert read_refusal(late) == (401, "session_revoked")
    assert "Set-Cookie" not in late.headers  # it might be a newer sign-in's by now


def test_development_over_http_has_a_plain_cookie(customer):
    with override_settings(REFRESH_COOKIE_SECURE=False):
        cookie = web_login(customer).headers["Set-Cookie"]
    assert cookie.startswith("mk_rt=")
    assert "Secure" not in cookie


ORIGINS = {
    ORIGIN: True,
    ALLOWED: True,
    "https://evil.example": False,
    "null": False,
    None: False,
    f"{ALLOWED}.evil.example": False,
    f"{ALLOWED}:444": False,
    ALLOWED.upper(): False,
    f"{ALLOWED}/": False,
}
SITES = {
    "same-origin": True,
    "same-site": True,
    None: True,
    "cross-site": False,
    "none": False,
    "": False,
}
CLIENTS = {"web": True, None: False, "Web": False, "native": False}
TYPES = {
    "application/json": True,
    "application/json; charset=utf-8": True,
    "text/plain": False,
    "multipart/form-data; boundary=x": False,
    "application/json; charset=latin-1": False,
}


@pytest.mark.asvs("3.5.1", "3.5.2")
@pytest.mark.parametrize(("origin", "site"), list(product(ORIGINS, SITES)))
def test_only_the_shops_own_pages_may_use_the_cookie(
    customer, secure, origin, site
):
    token = cookie_of(web_login(customer))
    answer = web(
        "/api/auth/refresh", token, Origin=origin, **{"Sec-Fetch-Site": site}
    )
    if ORIGINS[origin] and SITES[site]:
        assert answer.status_code == 200
    else:
        assert read_refusal(answer) == FORGED
        assert Session.objects.get().generation == 0


@pytest.mark.parametrize(("client", "content_type"), list(product(CLIENTS, TYPES)))
def test_a_form_or_an_image_cannot_use_it(customer, secure, client, content_type):
    token = cookie_of(web_login(customer))
    sent = {**WEB, "Cookie": f"__Host-mk_rt={token}", "X-Markrin-Client": client}
    headers = {name: value for name, value in sent.items() if value is not None}
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = Client().send("POST", path, b"{}", content_type, headers=headers)
        if CLIENTS[client] and TYPES[content_type]:
            assert answer.status_code == (200 if path.endswith("refresh") else 204)
        elif CLIENTS[client] or TYPES[content_type]:
            assert read_refusal(answer) == FORGED
        else:
            assert read_refusal(answer) == (
                415,
                "unsupported_media_type",
            )  # before any cookie is looked at
        assert Session.objects.get().revoked_at is None or CLIENTS[client]


@pytest.mark.parametrize("path", ["register", "login", "refresh", "logout"])
def test_all_four_calls_are_guarded(customer, secure, path):
    token = cookie_of(web_login(customer))
    body = {"email": customer.email, "password": PASSWORD, "name": "A"}
    headers = WEB | {
        "Cookie": f"__Host-mk_rt={token}",
        "Origin": "https://evil.example",
    }
    before = Session.objects.values_list("generation", "revoked_at").get()
    assert (
        read_refusal(Client().post(f"/api/auth/{path}", body, headers=headers))
        == FORGED
    )
    assert Session.objects.values_list("generation", "revoked_at").get() == before


def test_a_cookie_token_in_a_body_is_refused_and_the_reverse(customer, secure):
    by_cookie, by_body = cookie_of(web_login(customer)), login(customer)
    assert read_refusal(refresh(by_cookie)) == (401, "token_invalid")
    assert read_refusal(web("/api/auth/refresh", by_body["refresh"])) == (
        401,
        "token_invalid",
    )
    assert web("/api/auth/refresh", by_cookie).status_code == 200
    assert refresh(by_body["refresh"]).status_code == 200


def test_no_token_at_all(api, secure):
    assert read_refusal(web("/api/auth/refresh", None)) == (
        401,
        "refresh_token_missing",
    )
    assert read_refusal(api.post("/api/auth/refresh", {})) == (
        401,
        "refresh_token_missing",
    )


@pytest.mark.asvs("10.1.1")
def test_no_other_endpoint_reads_the_cookie(api, customer, secure):
    token = cookie_of(web_login(customer))
    assert read_refusal(
        api.get(
            "/api/auth/profile", headers=WEB | {"Cookie": f"__Host-mk_rt={token}"}
        )
    ) == (
        401,
        "token_missing",
    )


def test_a_web_login_ends_the_session_of_its_cookie(customer, secure):
    first = web_login(customer)
    web_login(customer, Cookie=f"__Host-mk_rt={cookie_of(first)}")
    assert session_of(first.json()).revoked_reason == "logout"
    assert read_refusal(profile(first.json()["access"])) == (401, "session_revoked")


@pytest.mark.asvs("14.3.2")
def test_every_answer_of_signing_in_is_kept_by_no_cache(api, customer):
    answers = [
        api.post(
            "/api/auth/login", {"email": customer.email, "password": PASSWORD}
        ),
        api.post("/api/auth/login", {"email": customer.email, "password": "wrong"}),
        api.post("/api/auth/refresh", {}),
        api.get("/api/auth/profile"),
        api.get("/api/auth/login"),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401, 401, 405]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize(
    ("origin", "known"),
    [(ALLOWED, True), ("https://evil.example", False), ("null", False)],
)
def test_cors_names_known_origins_only(api, origin, known):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": (
            "authorization,content-type,idempotency-key,x-markrin-client"
        ),
    }
    with override_settings(CORS_ALLOWED_ORIGINS=[ALLOWED]):
        preflight = api.options("/api/auth/refresh", headers=asked)
        answer = api.get("/api/auth/profile", headers={"Origin": origin})
        unknown = api.get("/api/nowhere", headers={"Origin": origin})
        picture = api.get("/media/products/nothing.jpg", headers={"Origin": origin})
    assert (unknown.status_code, picture.status_code) == (404, 404)
    for one in (preflight, answer, unknown, picture):
        assert one.headers.get("Access-Control-Allow-Origin") == (
            origin if known else None
        )
        assert one.headers.get("Access-Control-Allow-Credentials") == (
            "true" if known else None
        )
        assert "origin" in one.headers["Vary"].lower()
    if known:
        allowed = set(
            preflight.headers["Access-Control-Allow-Headers"]
            .replace(" ", "")
            .split(",")
        )
        assert allowed == {
            "authorization",
            "content-type",
            "idempotency-key",
            "x-markrin-client",
            "x-cart-token",
            "x-order-token",
        }
        assert (
            answer.headers["Access-Control-Expose-Headers"].lower()
            == "content-disposition, etag, idempotency-replayed, retry-after, x-request-id"
        )
