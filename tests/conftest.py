"""What every test shares: the servers, a client for the API, people, and a clean cache."""

import os
from collections.abc import Iterator
from typing import Any

import django
import pytest

from tests import services

os.environ.setdefault("CACHE_ANSWERS", "0")  # a test that counts queries wants them run; tests/cache turns it on
services.start()  # before Django reads its settings, hence here and not in a fixture
django.setup()
if "PYTEST_XDIST_WORKER" not in os.environ:
    # xdist's processes inherit the environment. With this name in it, pytest-django would read the settings there
    # before `services.start` has given the process a cache of its own.
    del os.environ["DJANGO_SETTINGS_MODULE"]

from django.test import override_settings  # noqa: E402

from markrin.cache import link  # noqa: E402
from tests.client import Client  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if services.KEEP and not config.getoption("create_db"):
        config.option.reuse_db = True


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Let a made-up customer's password cost a millisecond and not a tenth of a second."""
    with override_settings(PASSWORD_HASHERS=["tests.hashers.CheapArgon2"]):
        yield


@pytest.fixture(autouse=True)
def clean_valkey() -> None:
    """Start each test with an empty cache, fresh rate limits and empty queues."""
    services.empty_valkey()
    link.own.memory.clear()  # the notice that the server was emptied comes a moment later


@pytest.fixture
def api(db: None) -> Client:
    """Return a client of the API that is nobody; `api.as_user(user)` is somebody."""
    return Client()


@pytest.fixture
def customer(db: None) -> Any:
    """Return a customer with a verified address."""
    return _someone("customer")


@pytest.fixture
def staff(db: None) -> Any:
    """Return a member of staff who is in no group yet."""
    return _someone("staff")


@pytest.fixture
def admin_user(db: None) -> Any:
    """Return an admin."""
    return _someone("admin")


def _someone(role: str) -> Any:
    from tests import factories

    return factories.make_user(role=role)
