"""How many requests a process begins at once, and in which order."""

import asyncio
import threading
import time
import weakref
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from functools import partial

import pytest

from dev.processes import wait_for
from markrin.server.workers import Workers

SETTLED_S = 0.05


class Request:
    """What runs until it is told to end."""

    def __init__(self, begun: list["Request"]) -> None:
        self._begun = begun
        self.end = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> None:
        self.thread = threading.current_thread()
        self._begun.append(self)
        self.end.wait(20)


@contextmanager
def begin_all(
    number: int, *, settled_s: float, threads: int = 4
) -> Iterator[tuple[list[Request], list[Request]]]:
    """Submit so many, two at once; give them all and those that have begun, in their order."""
    loop = asyncio.new_event_loop()
    looping = threading.Thread(target=loop.run_forever)
    looping.start()
    workers = Workers(
        loop, name="worker", threads=threads, at_once=2, settled_s=settled_s
    )
    begun: list[Request] = []
    requests = [Request(begun) for _ in range(number)]
    try:
        for each in requests:
            workers.submit(each)
        yield requests, begun
    finally:
        for each in requests:
            each.end.set()
        workers.stop()
        loop.call_soon_threadsafe(loop.stop)
        looping.join()
        loop.close()


def grows_to(found: Sized, number: int) -> bool:
    """Wait until there are so many."""
    return wait_for(lambda: len(found) == number, seconds=20)


def test_those_that_wait_begin_in_the_order_in_which_they_came():
    with begin_all(5, settled_s=20) as (requests, begun):
        for at in range(4):
            assert grows_to(begun, min(at + 2, 5))
            time.sleep(0.01)
            assert begun[2:] == requests[2 : at + 2], "no more than two at once"
            requests[at].end.set()
    assert len({each.thread for each in requests}) == 2, (
        "the thread that is done takes the next one"
    )


def test_one_at_a_time_all_go_to_the_same_thread():
    loop = asyncio.new_event_loop()
    workers = Workers(loop, name="worker", threads=4, at_once=2, settled_s=20)
    threads: list[threading.Thread] = []
    for number in range(1, 6):
        workers.submit(lambda: threads.append(threading.current_thread()))
        assert grows_to(threads, number)
        time.sleep(0.05)  # until it has said that it is free
    workers.stop()
    loop.close()
    assert len(set(threads)) == 1


def test_beside_one_that_waits_for_something_else_the_next_begins():
    with begin_all(5, settled_s=SETTLED_S) as (requests, begun):
        assert grows_to(begun, 4)
        time.sleep(SETTLED_S * 3)
        assert len(begun) == 4, "there are four threads"
        requests[0].end.set()
        assert grows_to(begun, 5)


def test_who_has_settled_makes_room_but_once():
    with begin_all(6, settled_s=SETTLED_S, threads=8) as (requests, begun):
        assert grows_to(begun, 6)
        for each in requests:
            each.end.set()
    with begin_all(3, settled_s=20) as (requests, begun):
        requests[0].end.set()
        assert grows_to(begun, 3)


def test_an_answer_that_fails_leaves_its_thread_to_the_next(caplog):
    loop = asyncio.new_event_loop()
    workers = Workers(loop, name="worker", threads=1, at_once=1, settled_s=20)
    done = threading.Event()

    def fail() -> None:
        raise SystemExit

    workers.submit(fail)
    workers.submit(done.set)
    workers.stop()
    loop.close()
    assert done.is_set()
    assert "a request could not be answered" in caplog.text


def test_a_thread_that_waits_keeps_nothing_of_the_last_request():
    class Client:
        def __call__(self) -> None:
            pass

    loop = asyncio.new_event_loop()
    workers = Workers(loop, name="worker", threads=1, at_once=1, settled_s=20)
    client = Client()
    kept = weakref.ref(client)
    workers.submit(client)
    del client
    assert wait_for(lambda: kept() is None, seconds=20)
    workers.stop()
    loop.close()


@pytest.mark.parametrize("threads", [1, 3])
def test_whoever_stops_waits_for_what_is_under_way(threads):
    loop = asyncio.new_event_loop()
    workers = Workers(loop, name="worker", threads=threads, at_once=2, settled_s=20)
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.01)
        done.append(number)

    for number in range(10):
        workers.submit(partial(work, number))
    workers.stop()
    loop.close()
    assert sorted(done) == list(range(10))
