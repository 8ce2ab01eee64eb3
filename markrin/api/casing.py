"""Names inside and outside: snake_case in Python, camelCase in JSON, Train-Case in headers."""

from functools import cache


@cache
def to_camel(name: str) -> str:
    """Return `expected_total` as `expectedTotal`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def to_header(name: str) -> str:
    """Return `idempotency_key` as `Idempotency-Key`."""
    return "-".join(part.capitalize() for part in name.split("_"))
