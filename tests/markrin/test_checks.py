"""The shop refuses to start with what is unsafe; each refusal names the setting, or the route."""

from types import ModuleType
from typing import Any

import marshmallow as ma
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextChoices
from django.test import override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markrin import checks
from markrin.api import fields, permissions, schemas, views
from markrin.api.operations import operation
from tests.markrin.shopfront import Echo

GOOD = {
    "DEBUG": False,
    "SECRET_KEY": "abcdefghij" * 5,
    "ALLOWED_HOSTS": ["shop.example"],
    "SHOP_URL": "https://shop.example",
    "MAIL_FROM": "shop@shop.example",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "CACHE_URL": "redis://localhost:6379/0",
    "CELERY_BROKER_URL": "redis://localhost:6379/1",
    "SHOP_CURRENCY": "INR",
    "SHOP_COUNTRY": "IN",
}


def found(**changed: Any) -> list[str]:
    with override_settings(**{**GOOD, **changed}):
        return [str(message.msg) for message in checks.check_settings()]


def test_good_settings_pass() -> None:
    assert found() == []


@pytest.mark.asvs("13.4.2", "12.2.1")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("SECRET_KEY", "debug-only-" + "0" * 50),
        ("ALLOWED_HOSTS", []),
        ("ALLOWED_HOSTS", ["*"]),
        ("SHOP_URL", ""),
        ("SHOP_URL", "http://shop.example"),
        ("TRUSTED_PROXIES", ["0.0.0.0/0"]),
        ("TRUSTED_PROXIES", ["::/0"]),
        ("TRUSTED_PROXIES", ["10.0.0.1", "0.0.0.0/1"]),
        ("TRUSTED_PROXIES", ["proxy.internal"]),
        ("METRICS_NETWORKS", ["0.0.0.0/0"]),
        ("METRICS_NETWORKS", ["2000::/3"]),
        ("CACHE_URL", ""),
        ("CELERY_BROKER_URL", ""),
        ("SHOP_CURRENCY", "Rupee"),
        ("SHOP_COUNTRY", "India"),
        ("SHIPPING_FEE", -1),
        ("RATE_LIMIT_SCALE", 0),
        ("CSRF_COOKIE_SECURE", False),
        ("SESSION_COOKIE_SECURE", False),
        ("CORS_ALLOW_ALL_ORIGINS", True),
        ("MAIL_FROM", "shop@markrin.invalid"),
    ],
)
def test_names_the_setting(name: str, value: Any) -> None:
    (message,) = found(**{name: value})
    assert name in message


def test_names_a_missing_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (message,) = found()
    assert "DATABASE_URL" in message


def test_development_needs_no_addresses() -> None:
    assert (
        found(
            DEBUG=True,
            ALLOWED_HOSTS=["*"],
            SHOP_URL="",
            CACHE_URL="",
            SESSION_COOKIE_SECURE=False,
        )
        == []
    )


def test_the_web_server_does_not_start() -> None:
    with (
        override_settings(**{**GOOD, "ALLOWED_HOSTS": []}),
        pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"),
    ):
        checks.refuse_to_start()


# --- Contracts -----------------------------------------------------------------------------------
class Size(TextChoices):
    SMALL = "s"


class Free(schemas.InputSchema):
    name = ma.fields.String()


class Deep(schemas.InputSchema):
    inner = fields.Nested(Free)
    many = fields.List(ma.fields.Integer(), max=3)


class Unlimited(fields.Field[str]):
    def _check(self, value: Any) -> str:
        return str(value)

    def limits(self) -> fields.JSONSchema:
        return {"type": "string"}


class Loose(schemas.InputSchema):
    name = Unlimited()
    size = fields.Enum(Size)


class Bare(views.View):
    permission_classes = (permissions.AllowAny,)

    def get(self, request: Request) -> Response:
        return Response()


class Forgetful(views.View):
    @operation(
        id="forgetful", tag="x", summary="x", response=Echo, body=schemas.Empty
    )
    def post(self, request: Request) -> Response:
        return Response()


class Twice(views.View):
    @operation(id="forgetful", tag="x", summary="x", status=200)
    def get(self, request: Request) -> Response:
        return Response()


class Free1(views.View):
    @operation(id="free", tag="x", summary="x", response=Echo, body=Deep)
    def post(self, request: Request, *, body: Any) -> Response:
        return Response()


def contract(*patterns: Any) -> list[str]:
    urls = ModuleType("urls")
    urls.urlpatterns = list(patterns)  # type: ignore[attr-defined]  # a module made here
    with override_settings(ROOT_URLCONF=urls):
        return [str(message.msg) for message in checks.check_contract()]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([path("elsewhere", Bare.as_view())], []),
        ([path("api/a", Bare.as_view())], ["GET /api/a has no @operation."]),
        (
            [path("api/a", APIView.as_view())],
            ["/api/a is not served by a markrin.api.views.View."],
        ),
        (
            [path("api/a/<int:n>", Bare.as_view())],
            [
                (
                    "/api/a/<int:n> has a path value of no strict type: use uid, slugid or"
                    " idorslug."
                ),
                "GET /api/a/<int:n> has no @operation.",
            ],
        ),
        (
            [path("api/a", Forgetful.as_view())],
            ["POST /api/a states and takes `body` only together."],
        ),
        (
            [path("api/a", Forgetful.as_view()), path("api/b", Twice.as_view())],
            [
                "POST /api/a states and takes `body` only together.",
                "GET /api/b has the operation id forgetful of POST /api/a.",
                "GET /api/b must not state status=200 without a response body.",
            ],
        ),
        (
            [path("api/a", Free1.as_view())],
            [
                (
                    "tests.markrin.test_checks.Free.name is marshmallow's own String: use"
                    " markrin.api.fields."
                ),
                (
                    "tests.markrin.test_checks.Deep.many[] is marshmallow's own Integer:"
                    " use markrin.api.fields."
                ),
            ],
        ),
    ],
)
def test_a_route_without_a_whole_contract_is_refused(
    patterns: list[Any], expected: list[str]
) -> None:
    assert contract(*patterns) == expected


def test_a_field_without_limits_is_refused() -> None:
    assert [str(message.msg) for message in checks.check_schema(Loose())] == [
        "tests.markrin.test_checks.Loose.name has no limits."
    ]


def test_the_shop_s_own_routes_have_their_contracts() -> None:
    assert checks.check_contract() == []


@override_settings(ROOT_URLCONF="tests.markrin.shopfront")
def test_a_plain_view_below_api_is_refused() -> None:
    assert [str(message.msg) for message in checks.check_contract()] == [
        "/api/plain is not served by a markrin.api.views.View.",
        "/api/breaking is not served by a markrin.api.views.View.",
    ]
