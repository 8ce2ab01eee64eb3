"""A busy client's requests are counted several at a time: never more than the limit, and few calls
of the server."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from markrin.api import limit_leases, rate_limits
from markrin.api.limit_leases import LeasedCounter
from markrin.api.rate_limits import Limit


class Asked:
    """The real counter, and how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, limit: Limit, *key: str, amount: int = 1) -> float | None:
        self.times += 1
        return rate_limits.count_request(limit, *key, amount=amount)


@pytest.fixture
def limit(settings, request):
    """A limit of the test's own, of 400 in a minute."""
    settings.RATE_LIMIT_SCALE = 1.0
    return Limit(f"leases_{request.node.name}", 400, 60)


def test_a_busy_client_is_let_through_as_often_as_the_limit_says(limit):
    asked = Asked()
    counter = LeasedCounter(asked)
    passed = [counter.count_request(limit, "a") is None for _ in range(450)]
    most = 400 // limit_leases.PART
    assert 400 - most < passed.count(True) <= 400
    assert passed == sorted(passed, reverse=True)  # refused from then on
    assert asked.times < 450 / (most - 1)
    assert counter.count_request(limit, "b") is None


def test_who_is_refused_is_told_the_windows_end_each_time(limit):
    counter = LeasedCounter()
    waits = [counter.count_request(limit, "a") for _ in range(450)]
    refused = [wait for wait in waits if wait is not None]
    assert min(refused) > limit_leases.REFUSED_S
    assert max(refused) <= 60


def test_processes_and_threads_share_the_limit(limit):
    counters = [LeasedCounter() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        passed = list(
            pool.map(
                lambda number: counters[number % 4].count_request(limit, "a"),
                range(600),
            )
        )
    most = 400 // limit_leases.PART
    allowed = [wait for wait in passed if wait is None]
    # a lease of each thread and process may be refused that was not used up
    assert 400 - 8 * most <= len(allowed) <= 400


def test_a_slow_client_leases_nothing_that_it_does_not_spend(limit, monkeypatch):
    monkeypatch.setattr(limit_leases, "SPENT_WITHIN_S", 0.0)
    asked = Asked()
    counter = LeasedCounter(asked)
    assert [counter.count_request(limit, "a") for _ in range(20)] == [None] * 20
    assert asked.times == 20


@pytest.mark.real_time
def test_a_refusal_names_the_wait_and_ends_with_the_window(settings):
    settings.RATE_LIMIT_SCALE = 1.0
    asked, limit = Asked(), Limit("leases_short", 200, 5)
    counter = LeasedCounter(asked)
    waits = [counter.count_request(limit, "a") for _ in range(230)]
    refused = [wait for wait in waits if wait is not None]
    assert all(0 < wait <= 5 for wait in refused)
    before = asked.times
    assert counter.count_request(limit, "a") is not None
    assert asked.times == before  # who is refused costs the server nothing
    time.sleep(5.1)
    assert counter.count_request(limit, "a") is None


def test_a_small_limit_is_counted_one_by_one(settings):
    settings.RATE_LIMIT_SCALE = 1.0
    asked = Asked()
    counter, limit = LeasedCounter(asked), Limit("leases_small", 5, 60)
    passed = [counter.count_request(limit, "a") is None for _ in range(7)]
    assert passed == [True] * 5 + [False] * 2
    assert asked.times == 7


def test_the_table_of_clients_is_bounded(limit, monkeypatch):
    monkeypatch.setattr(limit_leases, "CLIENTS", 10)
    counter = LeasedCounter()
    for number in range(50):
        assert counter.count_request(limit, f"client{number}") is None
    assert len(counter._leases) == 10
