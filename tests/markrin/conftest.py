"""The tests' own small API (`shopfront.py`) in the place of the shop's."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.client import Client


@pytest.fixture
def front(db: None) -> Iterator[Client]:
    """Return a client of the small API, that gets a 500 as an answer and not as an exception."""
    with override_settings(ROOT_URLCONF="tests.markrin.shopfront"):
        yield Client(raise_request_exception=False)
