"""In `make chaos` these tests are lines of its table too, and what they leave is verified."""

import os

import pytest

from tests.chaos.table import hold, verified

__all__ = ["hold", "verified"]


@pytest.fixture(autouse=True)
def verify_in_chaos(request: pytest.FixtureRequest) -> None:
    """Run `verify` after each test of `make chaos`; it is too slow for each of `make test`."""
    if os.environ.get("CHAOS") == "1":
        request.getfixturevalue("verified")
