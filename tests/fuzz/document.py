"""schemathesis on the shop: every operation of the OpenAPI document, every check, in process."""

from __future__ import annotations

import io
import os
import re
import threading
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma
import PIL.Image
import schemathesis
import structlog
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from hypothesis import strategies as st
from schemathesis.config import (
    OutputConfig,
    ProjectConfig,
    ProjectsConfig,
    SanitizationConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import Failure
from schemathesis.core.jsonschema import FANCY_REGEX_OPTIONS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.transport.wsgi import WSGITransport
from stdnum import ean

from markrin.api import fields
from markrin.wsgi import application
from products.schemas.variants import Gtin
from tests.fuzz import sample_shop

UUID = re.compile(
    r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
)
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# a choice among so many, whatever is there: what Hypothesis chose stays a choice of the
# same shape
SLOTS = 64


@dataclass
class Outcome:
    """What one person's run came to."""

    role: str
    operations: set[str] = field(default_factory=set)
    examples: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(
        default_factory=dict
    )  # what failed, once → how to see it again
    accepted: Counter[str] = field(
        default_factory=Counter
    )  # operations that answered 2xx


def run(
    role: str,
    *,
    examples: int,
    phases: Sequence[str] = PHASES,
    part: tuple[int, int] = (0, 1),
) -> Outcome:
    """Call every operation as `role`, with `examples` generated inputs each besides the
    boundary values.

    `part=(1, 3)` takes the second third of the operations only.

    Raises:
        RuntimeError: schemathesis itself failed.
    """
    outcome = Outcome(role)
    which, parts = part
    schema = _schema(examples, phases).include(
        lambda context: (
            zlib.crc32(context.operation.label.encode()) % parts == which
        )
    )
    _hooks(schema, sample_shop.Person(role))
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(outcome, event)
        elif isinstance(event, events.NonFatalError):
            outcome.failures[f"{event.label}: {event.info.title}"] = str(
                event.value
            )[:2000]
        elif isinstance(event, events.FatalError):
            raise RuntimeError("schemathesis failed") from event.exception
    return outcome


def _schema(examples: int, phases: Sequence[str]) -> Any:
    project = ProjectConfig.from_dict(
        {
            "checks": {
                # 422 is how a well-formed request is refused by a rule of the shop.
                "positive_data_acceptance": {"expected-statuses": [*_WELL_FORMED]},
            },
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "generation": {
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
            },
            "continue-on-failure": True,
        }
    )
    output = OutputConfig(
        sanitization=SanitizationConfig(enabled=False)
    )  # no token of these people is a secret
    # An ordinary run tries the same inputs each time, as tests/conftest.py has it; `make
    # fuzz` looks for new ones.
    seed = None if os.environ.get("FUZZ") == "full" else 20
    config = SchemathesisConfig(
        output=output, projects=ProjectsConfig(default=project), seed=seed
    )
    return schemathesis.openapi.from_wsgi(
        "/api/schema?format=json", application, config=config
    )


_WELL_FORMED = ("2xx", "3xx", "401", "403", "404", "409", "422")


def _count(outcome: Outcome, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        node = recorder.cases.get(case_id)
        label = node.value.operation.label if node else ""
        outcome.examples += 1
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
            outcome.operations.add(label)
            if interaction.response.status_code < 300:
                outcome.accepted[label] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            outcome.checks[check.name] += 1
            if check.status == Status.FAILURE and check.failure_info is not None:
                _failed(outcome, recorder, case_id, check.name, check.failure_info)


def _failed(
    outcome: Outcome, recorder: Any, case_id: str, name: str, info: Any
) -> None:
    failure: Failure = info.failure
    label = recorder.cases[case_id].value.operation.label
    answer = recorder.interactions[case_id].response
    said = answer.content[:600] if answer is not None and answer.content else b""
    key = f"{label}: {name}: {failure.title}"
    outcome.failures.setdefault(
        key, f"{failure.message[:600]}\n{info.code_sample[:3000]}\n{said!r}"
    )


# Refusals of what the document cannot rule out: JSON Schema relates no two values to each
# other, and knows neither telephone plans nor what was given out before. Operation, place
# and code of each; any other is a difference.
BEYOND = [
    (
        r"GET ",
        r"cursor",
        "cursor",
    ),  # opaque: only those that an answer gave are taken
    (r"GET ", r"", "page_too_deep"),  # page times limit
    # a password that is too easy to guess, and a challenge that a sign-in has given
    (r"(POST|PUT) /api/", r"/(newP|p)assword", ".*"),
    (r"POST /api/auth/second-factor", r"", "challenge_invalid"),
    # schemathesis reuses what answers say: the address of an erased customer, at
    # `.invalid`, which nobody can sign in or order by.
    (r"(POST|PATCH) /api/", r"/email", "format"),
    (
        r"",
        r"(/shippingAddress)?/phone",
        "format",
    ),  # a number that its country's plan has
    (
        r"(POST|PATCH) /api/(addresses|orders|staff/orders)",
        r"(/shippingAddress)?/(postalCode|stateCode)",
        "postal_code|state_code",
    ),  # of the country that is given
    (
        r"GET /api/(cart|shipping/options|products/{product_id}/delivery)",
        r"postalCode",
        "postal_code",
    ),  # of the country that is given, or the shop's own
    (r"POST /api/orders$", r"/taxId", "format"),  # its check digit
    (
        r".* /api/(staff/)?products",
        r"(/items/[0-9]+)?(/variants/[0-9]+)?/barcode",
        "check_digit",
    ),
    # Products that are named one by one, and nothing that narrows them down
    (r"GET /api/products$", r"ids", "exclusive"),
    # A signature over the very bytes that came, by a secret that only the provider has
    (r"POST /api/payments/webhooks/{provider}", r"", "signature_invalid"),
    (r"(POST|PATCH) /api/staff/webhooks", r"/eventTypes", "unknown_event"),
    (r"POST /api/staff/keys", r"/expiresAt", "range"),  # not in the past
    (r"POST /api/staff/keys", r"/networks", "format"),  # JSON Schema knows none
    (
        r"POST /api/analytics/events",
        r"/events/[0-9]+/(query|results|productId)",
        "unexpected|required",
    ),  # by type
    (
        r"POST /api/analytics/events",
        r"/events/[0-9]+/at",
        "range",
    ),  # not in the future, nor too old
    (
        r"(POST|PUT) /api/size-charts",
        r"/rows",
        "count|unique",
    ),  # as many values as measures; a size once
    (
        r"(POST|PUT) /api/size-charts",
        r"/rows/[0-9]+/values/[0-9]+/max",
        "range",
    ),  # not below min
    (
        r"(POST|PUT) /api/size-charts",
        r"/(measures|rows)",
        "unique",
    ),  # by what is left of white space
    (
        r"(POST|PUT|PATCH) /api/(staff/)?products",
        r"(/items/[0-9]+)?(/variants/[0-9]+)?/(salePrice|saleEndsAt|basePrice)",
        "range|required",
    ),  # a sale is below basePrice, ends after it starts, and has a price
    (
        r"(POST|PUT|PATCH) /api/(staff/)?products",
        r"(/items/[0-9]+)?/variants/[0-9]+/stock",
        "untracked",
    ),  # what is not counted has none
    (
        r"(POST|PUT) /api/staff/shipping/zones",
        r"/methods/[0-9]+/(minDays|maxDays)",
        "days",
    ),  # both or none, the fewest first
    # Steps differ by where they begin, methods by name, lines by what they are of
    (
        r"(POST|PUT) /api/staff/shipping/zones",
        r"/methods(/[0-9]+/steps)?",
        "unique",
    ),
    (
        r"(POST|PUT) /api/(staff/)?products",
        r"(/items/[0-9]+)?/variants/[0-9]+",
        ".*_repeated",
    ),  # each variant once
    (
        r"POST /api/.*/images?$",
        r"/file",
        "format",
    ),  # a picture: the boundary values are bytes that are none
    (r"POST /api/.*/notify", r"/email", "unexpected|required"),  # from guests only
    (r"(POST|PATCH) /api/staff/coupons", r"/endsAt", "order"),  # after startsAt
    # Codes are read as people paste them: what is left must be a code.
    (
        r"PUT /api/cart/coupons?|POST /api/(cart/)?gift-cards|(GET|POST) /api/staff/coupons",
        r"/?codes?(/[0-9]+)?",
        "format|unique",
    ),
    (
        r"POST /api/orders$",
        r"/(couponCode|couponCodes|giftCardCodes)(/[0-9]+)?",
        "format|unique",
    ),
    (r"(POST|PATCH) /api/staff/coupons", r"/value", "range"),  # at most 100 percent
    (
        r"POST /api/staff/orders/{order_id}/transition",
        r"/(carrier|trackingNumber|trackingUrl)",
        "exclusive",
    ),
    (
        r"POST /api/staff/fulfilments/{fulfilment_id}/transition",
        r"/(status|reason)",
        "choice|exclusive",
    ),  # it begins with one; a reason goes with another
    # by line
    (r"POST /api/(staff/)?(orders|returns)/{[a-z]+_id}/", r"/lines", "unique"),
    (
        r"POST /api/orders/{order_id}/(returns|withdrawal)",
        r"/lines/[0-9]+/exchangeVariantId",
        "exclusive",
    ),  # money or an exchange
    (r"POST /api/orders", r"/addressId", "exclusive"),  # one of two
    (
        r"POST /api/auth/email/verify/resend",
        r"/email",
        "required",
    ),  # unless signed in
    # Among its boundary values schemathesis 4.32 sends "0", which the document's pattern (a
    # UUID) does not allow.
    (r"POST /api/auth/refresh", r"Idempotency-Key", "format"),
    (
        r"POST /api/staff/orders/{order_id}/transition",
        r"/status",
        "choice",
    ),  # two come about by themselves
    (r"PATCH /api/auth/profile", r"/dateOfBirth", "range"),  # not in the future
    (
        r"GET /api/staff/(stats|reports)",
        r"to|from",
        "range",
    ),  # in order, and not too far apart
    (
        r"POST /api/(auth/register|staff/users|auth/password)",
        r"/(password|newPassword)",
        "password_.*",
    ),
    (
        r"POST /api/auth/",
        r"",
        "(verification|reset)_token_invalid|current_password_wrong",
    ),
]


def _beyond(case: Any, response: Any) -> bool:
    """Return whether everything that the problem names is in the list above."""
    problem = response.json()
    places = ("pointer", "parameter", "header")
    found = [
        (next(error[place] for place in places if place in error), error["code"])
        for error in problem.get("errors", ())
    ]
    return all(
        any(
            re.match(operation, case.operation.label)
            and re.fullmatch(place, at)
            and re.fullmatch(code, found_code)
            for operation, place, code in BEYOND
        )
        for at, found_code in found or [("", problem["code"])]
    )


def _mend_probes() -> None:
    """Let `ignored_auth` ask again: its probes hand werkzeug settings of a socket, which it
    does not know.

    schemathesis 4.32 takes them out only where a session of `requests` configures the call.
    """
    send = WSGITransport.send

    def without_socket(
        self: Any, case: Any, *, session: Any = None, **kwargs: Any
    ) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies"):
            kwargs.pop(name, None)
        return send(self, case, session=session, **kwargs)

    WSGITransport.send = without_socket  # type: ignore[method-assign]


def operations() -> int:
    """Return how many operations the document has."""
    return int(_schema(1, PHASES).statistic.operations.total)


# --- What the document leaves to be known --------------------------------------------------------
def _hooks(schema: Any, person: sample_shop.Person) -> None:
    ids = sample_shop.Ids()

    @schema.auth(refresh_interval=None)
    class Auth:
        def get(self, case: Any, context: Any) -> dict[str, str]:
            headers = person.headers()
            if person.user is not None and (case.method, case.operation.path) == (
                "POST",
                "/api/orders",
            ):
                sample_shop.fill_cart(person.user)
            return headers

        def set(self, case: Any, data: dict[str, str], context: Any) -> None:
            if data:
                case.headers = {**(case.headers or {}), **data}

    @schema.hook  # type: ignore[untyped-decorator]  # schemathesis'
    def flatmap_path_parameters(context: Any, path_parameters: Any) -> Any:
        return _with_real_ids(ids, context.operation.path, path_parameters)

    @schema.hook  # type: ignore[untyped-decorator]  # schemathesis'
    def flatmap_query(context: Any, query: Any) -> Any:
        return _with_real_ids(ids, context.operation.path, query)

    @schema.hook  # type: ignore[untyped-decorator]  # schemathesis'
    def flatmap_body(context: Any, body: Any) -> Any:
        return _with_real_ids(ids, context.operation.path, body)

    @schema.hook  # type: ignore[untyped-decorator]  # schemathesis'
    def filter_failure(
        context: Any, failure: Any, case: Any, response: Any
    ) -> bool:
        match failure.title:
            case "Schema-valid request rejected":
                return not (response.status_code == 400 and _beyond(case, response))
            case "Schema-violating request accepted":
                return not _keeps_schema(case)
        return True


def _keeps_schema(case: Any) -> bool:
    """Return whether a body that was made to break its schema keeps it after all.

    schemathesis 4.32 holds any value of a format of our own (`register`) for a violation; so
    it lets a change of another member pass that breaks nothing.
    """
    others = set(ParameterLocation) - {ParameterLocation.BODY}
    stated = case.operation.get_body_for_media_type(case.media_type)
    if stated is None or any(case.meta.is_negative_at(other) for other in others):
        return False
    make_validator = case.operation.schema.adapter.jsonschema_validator_cls
    validator = make_validator(
        stated.optimized_schema,
        formats=FORMATS,
        validate_formats=True,
        pattern_options=FANCY_REGEX_OPTIONS,  # long texts are of many characters
    )
    return bool(validator.is_valid(case.body))


def _with_real_ids(
    ids: sample_shop.Ids, path: str, found: Any
) -> st.SearchStrategy[Any]:
    """Return `found` as it is, or with a well-formed id replaced by one that exists."""
    places = list(_places(found, ids, path))
    if not places:
        return st.just(found)
    choices = st.tuples(*[st.integers(0, SLOTS - 1) for _ in places])
    return choices.map(lambda chosen: _replaced(found, places, chosen))


def _places(
    found: Any,
    ids: sample_shop.Ids,
    path: str,
    at: tuple[Any, ...] = (),
    name: str = "",
) -> Iterator[Any]:
    """Yield where in `found` an id stands whose kind is known, and the ids there are of it."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from _places(value, ids, path, (*at, key), str(key))
    elif isinstance(found, list):
        for index, value in enumerate(found):
            yield from _places(value, ids, path, (*at, index), name)
    elif isinstance(found, str) and UUID.match(found) and ids.of(name, path):
        yield at, ids.of(name, path)


def _replaced(found: Any, places: list[Any], chosen: tuple[int, ...]) -> Any:
    made = _copy(found)
    for (at, known), choice in zip(places, chosen, strict=True):
        if choice % 4 == 3:
            continue  # an id of nothing is also asked for
        inner = made
        for step in at[:-1]:
            inner = inner[step]
        real = known[choice % len(known)]
        if not (isinstance(inner, list) and real in inner):  # no id twice
            inner[at[-1]] = real
    return made


def _copy(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _copy(value) for key, value in found.items()}
    return [_copy(value) for value in found] if isinstance(found, list) else found


def _png() -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return file.getvalue()


def register() -> None:
    """Tell schemathesis what the document's own formats look like, and mend its probes."""
    _mend_probes()
    schemathesis.openapi.format("binary", st.just(_png()))
    schemathesis.openapi.format("cursor", st.just(""))
    schemathesis.openapi.format("phone", st.from_regex(r"\A\+9198[0-9]{8}\Z"))
    schemathesis.openapi.format(
        "page-slug",
        st.text("az09-\u00e9\u0932\u093e\u0e44\u4e2d", min_size=1, max_size=120),
    )
    schemathesis.openapi.format("gtin", _gtins())
    schemathesis.openapi.format("email", st.emails().filter(FORMATS["email"]))


def _gtins() -> st.SearchStrategy[str]:
    digits = st.sampled_from((7, 11, 12, 13)).flatmap(
        lambda length: st.text("0123456789", min_size=length, max_size=length)
    )
    return st.just("") | digits.map(lambda text: text + ean.calc_check_digit(text))


def _taken_by(field: ma.fields.Field[Any]) -> Callable[[str], bool]:
    """Return whether a text is one that the field takes.

    An address at one of the domains that RFC 6761 sets aside, such as `.test`, is nobody's.
    """

    def is_taken(text: str) -> bool:
        try:
            field.deserialize(text)
        except ma.ValidationError:
            return False
        return True

    return is_taken


# The formats that `register` makes, as our fields read them.
FORMATS = {
    "email": _taken_by(fields.Email()),
    "phone": _taken_by(fields.Phone()),
    "page-slug": _taken_by(fields.PageSlug()),
    "gtin": _taken_by(Gtin()),
}


@contextmanager
def crashes() -> Iterator[dict[str, str]]:
    """Collect what is logged as a fault of ours, by kind and place, instead of printing it
    thousands of times.
    """
    found: dict[str, str] = {}
    processors = structlog.get_config()["processors"]
    before = list(processors)

    def collect(logger: Any, name: str, entry: Any) -> Any:
        exc = entry.get("exc_info")
        if entry["event"] == "request.failed" and isinstance(exc, BaseException):
            last = traceback.extract_tb(exc.__traceback__)[-1]
            where = f"{type(exc).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"
            found.setdefault(
                where, "".join(traceback.format_exception(exc))[-3000:]
            )
        raise structlog.DropEvent

    processors[:] = [collect]
    try:
        yield found
    finally:
        processors[:] = before


@contextmanager
def connections_closed() -> Iterator[None]:
    """Close at the end the database connections of the threads in which schemathesis calls."""
    opened: list[BaseDatabaseWrapper] = []

    def keep(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            connection.inc_thread_sharing()
            opened.append(connection)

    connection_created.connect(keep)
    try:
        yield
    finally:
        connection_created.disconnect(keep)
        for connection in opened:
            connection.close()
