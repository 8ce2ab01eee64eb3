"""The tiny shop with the cache on, and its line to the server up."""

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.test import override_settings

from dev.processes import wait_for
from markrin.cache import invalidation_listener, shared_cache
from tests.cache import sample_app
from tests.client import Client


def until(ready: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for what another thread or process brings about."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


@pytest.fixture
def line(clean_valkey: None) -> Iterator[invalidation_listener.Link]:
    """Return the process's line to the cache server, alive."""
    invalidation_listener.own.start()
    until(lambda: invalidation_listener.own.alive)

    def hears() -> bool:
        """Notices come in order: once this one is here, so is the one that the server was
        emptied before the test.

        A line that an earlier test has broken passes for alive a moment longer, and what is
        told then it never hears."""
        shared_cache.invalidate_tags([tag := uuid4().hex])
        return wait_for(
            lambda: tag in invalidation_listener.own.memory._dropped, seconds=1
        )

    until(hears)
    invalidation_listener.own.memory.clear()
    invalidation_listener.own.counts.clear()
    yield invalidation_listener.own
    until(lambda: invalidation_listener.own.alive)


@pytest.fixture
def shop(line: invalidation_listener.Link, db: None) -> Iterator[Client]:
    """Return a client of the tiny shop."""
    sample_app.rendered.clear()
    sample_app.stock.clear()
    sample_app.stock["shirt"] = 3
    with override_settings(
        ROOT_URLCONF="tests.cache.sample_app", CACHE_ANSWERS=True
    ):
        yield Client()
