"""System checks: the shop refuses to start with unsafe settings, or with an API route that
states no contract.

`manage.py check` and every command run them, so does the worker; `refuse_to_start` is how
the web server does."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any, cast, get_type_hints
from urllib.parse import urlsplit

import marshmallow as ma
import pycountry
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register, run_checks
from django.core.checks import Warning as Advice
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from markrin import rights

MIN_SECRET_BYTES = 32
OTHERS_VIEWS = ("drf_spectacular.",)  # serve the OpenAPI document itself
METHODS = ("get", "post", "put", "patch", "delete")
STATUSES_WITH_BODY = (200, 201, 202)
STATUSES_WITHOUT_BODY = (202, 204, 303, 307, 308)
PARTS = ("body", "query", "headers", "upload")


def refuse_to_start() -> None:
    """Run all checks.

    Raises:
        ImproperlyConfigured: with everything that is wrong.
    """
    wrong = [
        str(message)
        for message in run_checks()
        if message.is_serious() and not message.is_silenced()
    ]
    if wrong:
        raise ImproperlyConfigured("\n".join(wrong))


# --- Settings ------------------------------------------------------------------------------------
@register()
def check_settings(
    app_configs: object = None, **kwargs: object
) -> list[CheckMessage]:
    """Refuse settings that are unsafe, or that only a development machine can leave out;
    each message names one.

    What concerns signing in is checked by accounts.
    """
    return [
        *_check_key(),
        *_check_shop(),
        *([] if settings.DEBUG else _check_addresses()),
        *([] if settings.DEBUG else _check_exposure()),
    ]


def _setting_error(number: int, name: str, problem: str) -> Error:
    return Error(f"{name} {problem}", id=f"markrin.E{number:03}")


def _check_key() -> Iterator[CheckMessage]:
    secret = settings.SECRET_KEY
    if len(secret.encode()) < MIN_SECRET_BYTES or len(set(secret)) < 5:
        yield _setting_error(
            1,
            "SECRET_KEY",
            f"must have at least {MIN_SECRET_BYTES} bytes, and not be one letter repeated.",
        )
    if not settings.DEBUG and secret.startswith("debug-only-"):
        yield _setting_error(
            2, "SECRET_KEY", "is the one of development: everybody knows it."
        )


def _check_shop() -> Iterator[CheckMessage]:
    if pycountry.currencies.get(alpha_3=settings.SHOP_CURRENCY) is None:
        yield _setting_error(
            10,
            "SHOP_CURRENCY",
            "must be a currency's three letters, such as INR (ISO 4217).",
        )
    if pycountry.countries.get(alpha_2=settings.SHOP_COUNTRY) is None:
        yield _setting_error(
            11,
            "SHOP_COUNTRY",
            "must be a country's two letters, such as IN (ISO 3166-1).",
        )
    if settings.SHIPPING_FEE < 0 or settings.SHIPPING_FREE_ABOVE < 0:
        yield _setting_error(
            13, "SHIPPING_FEE and SHIPPING_FREE_ABOVE", "must not be negative."
        )
    if settings.RATE_LIMIT_SCALE <= 0:
        yield _setting_error(
            14, "RATE_LIMIT_SCALE", "must be above 0: limits are never off."
        )
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        yield _setting_error(
            15,
            "DATABASE_URL",
            "must name a PostgreSQL database: the shop's rules are kept there.",
        )


def _check_addresses() -> Iterator[CheckMessage]:
    if "DATABASE_URL" not in os.environ:
        yield _setting_error(
            20,
            "DATABASE_URL",
            "is missing, such as postgres://user:password@host/name.",
        )
    for name in ("CACHE_URL", "CELERY_BROKER_URL"):
        if not getattr(settings, name):
            yield _setting_error(
                21, name, "is missing, such as redis://host:6379/0."
            )
    if not settings.ALLOWED_HOSTS:
        yield _setting_error(
            22,
            "ALLOWED_HOSTS",
            "is missing: the host names under which the shop is called.",
        )
    shop = urlsplit(settings.SHOP_URL)
    is_plain = shop.scheme == "http" and _is_loopback(
        shop.hostname
    )  # a trial on one machine
    if shop.scheme != "https" and not is_plain:
        yield _setting_error(
            23,
            "SHOP_URL",
            "must be where mails link to, over https, such as https://shop.example.",
        )
    if settings.MAIL_FROM.endswith(".invalid"):
        yield Advice(
            "MAIL_FROM is not set: no mail can be answered.", id="markrin.W001"
        )


def _check_exposure() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield _setting_error(
            30,
            "ALLOWED_HOSTS",
            "must not be * outside DEBUG: links in mails follow the Host header.",
        )
    for name, what in (
        (
            "TRUSTED_PROXIES",
            "whoever is in it chooses the address that limits count by",
        ),
        ("METRICS_NETWORKS", "whoever is in it reads the shop's figures"),
    ):
        yield from _check_networks(name, what)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        if not getattr(settings, name):
            yield _setting_error(31, name, "must be on outside DEBUG.")
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        yield _setting_error(
            32,
            "CORS_ALLOW_ALL_ORIGINS",
            "must be off: name the origins in CORS_ALLOWED_ORIGINS.",
        )


def _is_loopback(host: str | None) -> bool:
    return host == "localhost" or (host or "").startswith("127.") or host == "::1"


# The largest network of one owner that is written in one piece: 10.0.0.0/8, fc00::/7.
_WIDEST = {4: 8, 6: 7}


def _check_networks(name: str, use: str) -> Iterator[CheckMessage]:
    for text in getattr(settings, name):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            yield _setting_error(
                33,
                name,
                f"has {text!r}: write addresses or networks, such as 10.0.0.0/8.",
            )
            continue
        if network.prefixlen < _WIDEST[network.version]:
            yield _setting_error(
                34, name, f"must not have {text}, most of the internet: {use}."
            )


# --- The contract of every route -----------------------------------------------------------------
@register()
def check_contract(
    app_configs: object = None, **kwargs: object
) -> list[CheckMessage]:
    """Refuse a method below api/ without `@operation`, a schema with a field that is not
    ours or has no limits.
    """
    from markrin.api import views  # not before the settings are there

    messages: list[CheckMessage] = []
    ids: dict[str, str] = {}  # operation id → method and route
    for route, callback in _api_routes(get_resolver().url_patterns, ""):
        view = getattr(callback, "cls", None)
        if getattr(view, "__module__", "").startswith(OTHERS_VIEWS):
            continue
        if view is None or not issubclass(view, views.View):
            messages.append(
                _setting_error(
                    40, f"/{route}", "is not served by a markrin.api.views.View."
                )
            )
            continue
        kinds = re.findall(r"<(?:(\w+):)?\w+>", route)
        if not all(hasattr(get_converters().get(kind), "stated") for kind in kinds):
            messages.append(
                _setting_error(
                    41,
                    f"/{route}",
                    "has a path value of no strict type: use uid, slugid or idorslug.",
                )
            )
        for method in METHODS:
            if hasattr(view, method):
                messages += _check_method(
                    f"{method.upper()} /{route}", getattr(view, method), ids
                )
    return messages


@register()
def check_rights(
    app_configs: object = None, **kwargs: object
) -> list[CheckMessage]:
    """Refuse a table of rights that leaves out a call of staff's, or names what is not there."""
    from markrin.api.operations import (
        operation_of,
    )  # not before the settings are there

    calls = {
        stated.id: f"{method.upper()} /{route}"
        for route, callback in _api_routes(get_resolver().url_patterns, "")
        for method in METHODS
        if (stated := operation_of(getattr(callback, "cls", None), method))
        is not None
    }
    return list(_check_rights(calls))


def _check_rights(ids: dict[str, str]) -> Iterator[CheckMessage]:
    named = {call for right in rights.RIGHTS for call in right.calls}
    for call, place in ids.items():
        if " /api/staff/" in place and call not in named:
            yield _setting_error(
                60, place, f"{call} is in no row of markrin/rights.py."
            )
    for call in sorted(named - ids.keys()):
        yield _setting_error(
            61, "markrin/rights.py", f"there is no operation {call}."
        )
    for right in rights.RIGHTS:
        for group in set(right.groups) - rights.GROUPS.keys():
            yield _setting_error(
                62, "markrin/rights.py", f"there is no group {group}."
            )
        for model in right.pages:
            if not _has_model(model):
                yield _setting_error(
                    63, "markrin/rights.py", f"there is no model {model}."
                )


def _has_model(label: str) -> bool:
    try:
        apps.get_model(label)
    except LookupError:
        return False
    return True


def _api_routes(
    patterns: Iterable[URLPattern | URLResolver], prefix: str
) -> Iterator[tuple[str, object]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _api_routes(pattern.url_patterns, route)
        elif route.startswith("api/"):
            yield route, pattern.callback


def _check_method(
    name: str, handler: Any, ids: dict[str, str]
) -> Iterator[CheckMessage]:
    stated = getattr(handler, "operation", None)
    if stated is None:
        yield _setting_error(42, name, "has no @operation.")
        return
    if ids.setdefault(stated.id, name) != name:
        yield _setting_error(
            43, name, f"has the operation id {stated.id} of {ids[stated.id]}."
        )
    if stated.status not in (
        STATUSES_WITH_BODY if stated.response_bodies else STATUSES_WITHOUT_BODY
    ):
        yield _setting_error(
            44,
            name,
            f"must not state status={stated.status}"
            f" {'with' if stated.response_bodies else 'without'} a response body.",
        )
    parameters = inspect.signature(inspect.unwrap(handler)).parameters
    for part in PARTS:
        schema = getattr(stated, part)
        if (schema is not None) != (part in parameters):
            yield _setting_error(
                45, name, f"states and takes `{part}` only together."
            )
        if schema is not None:
            yield from check_schema(schema())
            yield from _check_annotation(name, part, schema, handler)


def _check_annotation(
    name: str, part: str, schema: Any, handler: Any
) -> Iterator[CheckMessage]:
    """A view must declare what its schema loads, or the type checker believes the wrong thing."""
    hint = get_type_hints(inspect.unwrap(handler)).get(part)
    if schema.target is not None and hint is not schema.target:
        yield _setting_error(
            51,
            name,
            f"must declare `{part}: {schema.target.__name__}`, not {hint}.",
        )


def check_schema(schema: ma.Schema) -> Iterator[CheckMessage]:
    """Yield what is wrong with a schema: fields that are not of markrin.api.fields, or that
    leave something unlimited.
    """
    from markrin.api import schema_types, schemas

    if isinstance(schema, schemas.Schema):
        for difference in schema_types.find_differences(schema):
            where = f"{type(schema).__module__}.{type(schema).__qualname__}"
            yield _setting_error(50, where, difference)
    for name, field in schema.fields.items():
        yield from _check_field(
            f"{type(schema).__module__}.{type(schema).__qualname__}.{name}", field
        )


def _check_field(name: str, field: object) -> Iterator[CheckMessage]:
    from markrin.api import fields, schemas

    if isinstance(field, fields.Nested):
        if not isinstance(field.schema, schemas.InputSchema):
            yield _setting_error(46, name, "nests what is not an InputSchema.")
        yield from check_schema(field.schema)
        return
    if not isinstance(field, fields.Field):
        yield _setting_error(
            47,
            name,
            f"is marshmallow's own {type(field).__name__}: use markrin.api.fields.",
        )
        return
    limits = field.limits()
    needed: dict[str, tuple[set[str], ...]] = {
        "string": ({"maxLength"}, {"enum"}, {"pattern"}, {"contentMediaType"}),
        "integer": ({"minimum", "maximum"},),
        "array": ({"maxItems"},),
        "boolean": (set(),),
    }
    if not any(
        names <= set(limits) for names in needed.get(limits.get("type", ""), ())
    ):
        yield _setting_error(48, name, "has no limits.")
    inner = getattr(cast(object, field), "inner", None)
    if inner is not None:
        yield from _check_field(f"{name}[]", inner)
