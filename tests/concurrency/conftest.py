"""In `make chaos` these tests are lines of its table too, and what they leave is verified."""

import os

import pytest

from markrin.db import transactions
from tests.chaos.table import hold, verified

__all__ = ["hold", "verified"]


@pytest.fixture(autouse=True)
def long_waits(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a shopper wait for a row until it is free, as many stand in line and a busy
    machine serves them slowly.
    """
    if "short_waits" not in request.fixturenames:
        names = ("lock_timeout", "statement_timeout")
        limits = ", ".join(f"set_config('{name}', '60s', true)" for name in names)
        monkeypatch.setattr(transactions, "LIMITS_SQL", f"SELECT {limits}")


@pytest.fixture
def short_waits() -> None:
    """Let it be as in the shop, where who waits too long is asked to come again."""


@pytest.fixture(autouse=True)
def verify_in_chaos(request: pytest.FixtureRequest) -> None:
    """Run `verify` after each test of `make chaos`; it is too slow for each of `make test`."""
    if os.environ.get("CHAOS") == "1":
        request.getfixturevalue("verified")
