"""What every test shares: the servers, a client for the API, people, and a clean cache."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import django
import hypothesis
import pytest

from tests import services

os.environ.setdefault(
    "CACHE_ANSWERS", "0"
)  # a test that counts queries wants them run; tests/cache turns it on
services.start()  # before Django reads its settings, hence here and not in a fixture
django.setup()
if "PYTEST_XDIST_WORKER" not in os.environ:
    # xdist's processes inherit the environment. With this name in it, pytest-django would
    # read the settings there before `services.start` has given the process a cache of its
    # own.
    del os.environ["DJANGO_SETTINGS_MODULE"]

from django.conf import settings as shop_settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import override_settings  # noqa: E402

from markrin.api import rate_limits  # noqa: E402
from markrin.cache import invalidation_listener  # noqa: E402
from markrin.observe.logs import lines  # noqa: E402
from markrin.ops import health  # noqa: E402
from orders.shipping_terms import kept_terms  # noqa: E402
from orders.tax_rules import kept_rules  # noqa: E402
from tests import empty_database, scheduling, template_database  # noqa: E402
from tests.client import Client  # noqa: E402

# What stands now stands to the end, and a test makes objects by the ten thousand: looking
# for circles among them at Python's own pace is a twelfth of all the tests' work.
gc.freeze()
gc.set_threshold(50_000, 20, 20)

# The shop goes on without a Valkey that does not answer within a tenth of a second. Where
# all cores are busy with tests that happens by chance, so the tests' own process is
# patient; those that it starts are as in production. Not more than this: the line to a
# server that a test has let hang must be up again for the next test.
PATIENCE_S = 2.0
shop_settings.CACHES["default"]["OPTIONS"] |= {
    "SOCKET_CONNECT_TIMEOUT": PATIENCE_S,
    "SOCKET_TIMEOUT": PATIENCE_S,
}
rate_limits.CONNECT_WITHIN_S = rate_limits.ANSWER_WITHIN_S = (
    invalidation_listener.ALIVE_S
) = PATIENCE_S
health.SIGN_WITHIN_S = health.ANSWER_WITHIN_S = PATIENCE_S

# An ordinary run tries the same examples each time, however long each takes: if it fails,
# what was changed is why. `make fuzz` looks for new ones.
hypothesis.settings.register_profile(
    "ordinary",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
if os.environ.get("FUZZ") != "full":
    hypothesis.settings.load_profile("ordinary")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if services.KEEP and not config.getoption("create_db"):
        config.option.reuse_db = True


# Folders whose tests start processes, servers or a browser, and wait for them by the clock; or
# need a sign of life from the cache's server every 0.3 s, without which memory is not asked.
REAL_TIME = {"browser", "cache", "chaos", "concurrency", "deploy", "dev", "server"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Give tests that depend on real time a second try, in CI alone, where neighbours may hold
    the processor for seconds. Two failures in a row fail the run, and each second try is
    printed (RERUN). Any other test that passes only the second time has a fault.
    """
    for item in items:
        if REAL_TIME & set(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(pytest.mark.real_time)
        if os.environ.get("CI") and item.get_closest_marker("real_time"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if "PYTEST_XDIST_WORKER" in os.environ:
        scheduling.sort_by_waiting(items, config.rootpath)


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Any
) -> scheduling.ByUnit | None:
    if config.getvalue("dist") != "load":
        return None  # another way was asked for
    return scheduling.ByUnit(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """Let only the first of several processes run the migrations."""
    if "PYTEST_XDIST_WORKER" in os.environ and template_database.is_ours():
        with django_db_blocker.unblock():
            template_database.provide()


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Let a made-up customer's password cost a millisecond and not a tenth of a second."""
    with override_settings(PASSWORD_HASHERS=["tests.hashers.CheapArgon2"]):
        yield


@pytest.fixture(autouse=True, scope="session")
def database_as_it_was_made(
    django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """Let a test that commits be followed by the rows that the migrations made, and no others.
    End what still holds a connection to the tests' database once the last test is done: a
    thread of this process that lives as long as it does would keep it from being removed.
    """
    if not connection.settings_dict["NAME"].startswith("test_"):
        yield
        return  # no test of this run needs a database
    with django_db_blocker.unblock():
        empty_database.remember_initial_rows()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"  # autovacuum ends by itself
        )


@pytest.fixture(autouse=True)
def clean_valkey() -> None:
    """Start each test with an empty cache, fresh rate limits and empty queues."""
    services.empty_valkey()
    # the notice that the server was emptied comes a moment later
    invalidation_listener.own.memory.clear()


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Start each test as a new process does, so that it counts the same queries in any order."""
    kept_rules.clear()
    kept_terms.clear()


@pytest.fixture(autouse=True)
def written_log() -> None:
    """Write what an earlier test has logged: it would come a moment later, into what this
    one captures.
    """
    lines.flush()


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
