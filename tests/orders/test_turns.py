"""Checkouts take turns in the order in which they came."""

from threading import Event, Thread

from dev.processes import wait_for
from orders.turns import Turns


def test_a_newcomer_does_not_overtake_who_waits() -> None:
    turns, order = Turns(1), list[int]()
    may_end = [Event() for _ in range(3)]

    def wait_for_turn(number: int) -> None:
        with turns:
            order.append(number)
            may_end[number].wait(60)

    turns.acquire()
    threads = []
    for number in range(3):
        thread = Thread(target=wait_for_turn, args=[number], daemon=True)
        thread.start()
        threads.append(thread)
        assert wait_for(lambda: turns.waiting == len(threads), seconds=60)
    assert not turns.acquire(blocking=False)
    turns.release()
    # The place is the first one's already, whether or not its thread has run since.
    assert not turns.acquire(blocking=False)
    for event in may_end:
        event.set()
    for thread in threads:
        thread.join(60)
    assert order == [0, 1, 2]
    assert turns.acquire(blocking=False)  # the place is back


def test_no_place_is_lost_or_doubled() -> None:
    turns, inside, most = Turns(3), [0], [0]

    def take_turns() -> None:
        for _ in range(200):
            if not turns.acquire(blocking=False):
                turns.acquire()
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            turns.release()

    threads = [Thread(target=take_turns) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most[0] <= 3
    assert [turns.acquire(blocking=False) for _ in range(4)] == [True] * 3 + [False]
