"""CHECK constraints that several apps share, so that PostgreSQL holds the rules of
`markrin/api/fields.py` too.

Each returns a constraint named `<table>_<field>_<rule>`; the message is what an admin form shows.
Patterns are PostgreSQL's advanced regular expressions, so they begin with \\A and end with \\Z.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

_ONE_LINE = (
    r"\A[^\u0001-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]*\Z"
)
_LINES = (
    r"\A[^\u0001-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]*\Z"
)
_TRIMMED = r"\A(\S(.*\S)?)?\Z"


def check_text(
    table: str, *names: str, blank: bool = False, lines: bool = False
) -> list[models.CheckConstraint]:
    """Trimmed text without control or bidirectional characters; not empty unless `blank`;
    one line unless `lines`.
    """
    checks = []
    for name in names:
        rule = Q(**{f"{name}__regex": _LINES if lines else _ONE_LINE}) & Q(
            **{f"{name}__regex": _TRIMMED}
        )
        if not blank:
            rule &= ~Q(**{name: ""})
        message = f"{name} must be trimmed text without control characters" + (
            "." if blank else ", and not be empty."
        )
        checks.append(
            models.CheckConstraint(
                condition=rule,
                name=f"{table}_{name}_text",
                violation_error_message=message,
            )
        )
    return checks


def check_pattern(
    table: str, name: str, regex: str, message: str
) -> models.CheckConstraint:
    """Text that matches `regex` from \\A to \\Z."""
    return models.CheckConstraint(
        condition=Q(**{f"{name}__regex": rf"\A{regex}\Z"}),
        name=f"{table}_{name}_format",
        violation_error_message=message,
    )


def check_slug(table: str, name: str = "slug") -> models.CheckConstraint:
    """1 to 120 lower-case letters, digits and hyphens."""
    return check_pattern(
        table,
        name,
        "[a-z0-9-]{1,120}",
        f"{name} takes 1 to 120 lower-case letters, digits and hyphens.",
    )


def check_page_slug(table: str) -> models.CheckConstraint:
    """As `markrin.api.fields.PageSlug`, which also knows the letters of each script."""
    return check_pattern(
        table,
        "slug",
        r"[^\u0001-\u002c\u002e\u002f\u003a-\u0060\u007b-\u00a9]{1,120}",
        "slug takes 1 to 120 lower-case letters, digits and hyphens, of any script.",
    )


def check_choice(
    table: str, name: str, choices: type[models.TextChoices]
) -> models.CheckConstraint:
    """One of an enumeration's values."""
    return models.CheckConstraint(
        condition=Q(**{f"{name}__in": choices.values}),
        name=f"{table}_{name}_known",
        violation_error_message=f"{name} must be one of:"
        f" {', '.join(value or '(empty)' for value in choices.values)}.",
    )


def check_range(
    table: str, name: str, low: object, high: object
) -> models.CheckConstraint:
    """A number from `low` to `high`, both included; NULL passes."""
    return models.CheckConstraint(
        condition=Q(**{f"{name}__gte": low, f"{name}__lte": high}),
        name=f"{table}_{name}_range",
        violation_error_message=f"{name} must be from {low} to {high}.",
    )


def check_not_negative(table: str, *names: str) -> list[models.CheckConstraint]:
    """Numbers of at least 0; NULL passes."""
    return [
        models.CheckConstraint(
            condition=Q(**{f"{name}__gte": 0}),
            name=f"{table}_{name}_not_negative",
            violation_error_message=f"{name} must not be negative.",
        )
        for name in names
    ]


def check_max_length(table: str, name: str, high: int) -> models.CheckConstraint:
    """At most `high` characters, for text columns that PostgreSQL itself does not bound."""
    return models.CheckConstraint(
        condition=models.lookups.LessThanOrEqual(Length(F(name)), high),
        name=f"{table}_{name}_length",
        violation_error_message=f"{name} takes at most {high} characters.",
    )


def check_state_code(
    table: str, name: str = "state_code"
) -> models.CheckConstraint:
    """Empty, or an ISO 3166-2 code of the row's own `country`."""
    return models.CheckConstraint(
        condition=Q(**{name: ""})
        | Q(
            **{
                f"{name}__regex": r"\A[A-Z]{2}-[A-Z0-9]{1,3}\Z",
                f"{name}__startswith": F("country"),
            }
        ),
        name=f"{table}_{name}_of_country",
        violation_error_message="stateCode is an ISO 3166-2 code of the country: IN-KA.",
    )
