"""How many requests a process begins at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from markrin.server.pacing import Pace, Turn

SETTLED_S = 0.05
_asking: list[asyncio.Future[None]] = []  # the event loop itself keeps none of them


async def begin_all(pace: Pace, number: int) -> tuple[list[int], list[Turn]]:
    """Ask for so many turns; what has begun is noted in its order."""
    begun: list[int] = []
    turns: list[Turn] = []

    async def ask(at: int) -> None:
        turn = await pace.begin()
        begun.append(at)
        turns.append(turn)

    _asking[:] = [asyncio.ensure_future(ask(at)) for at in range(number)]
    await asyncio.sleep(0)
    return begun, turns


def run(test: Callable[[Pace], Awaitable[None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await test(Pace(loop, at_once=2, settled_s=SETTLED_S))

    asyncio.run(main())


def test_those_that_wait_begin_in_the_order_in_which_they_came():
    async def main(pace: Pace) -> None:
        begun, turns = await begin_all(pace, 5)
        assert begun == [0, 1]
        for at in range(3):
            turns[at].end()
            await asyncio.sleep(0)
            assert begun == list(range(at + 3))

    run(main)


def test_beside_one_that_waits_for_something_else_the_next_begins():
    async def main(pace: Pace) -> None:
        begun, turns = await begin_all(pace, 5)
        await asyncio.sleep(SETTLED_S * 1.5)
        assert begun == [0, 1, 2, 3]
        # The two first have made room already; that they end makes none besides.
        turns[0].end()
        turns[1].end()
        await asyncio.sleep(0)
        assert begun == [0, 1, 2, 3]
        turns[2].end()
        await asyncio.sleep(0)
        assert begun == [0, 1, 2, 3, 4]

    run(main)


@pytest.mark.parametrize("is_its_turn", [False, True])
def test_one_that_has_gone_away_takes_nobodys_turn(is_its_turn):
    async def main(pace: Pace) -> None:
        _, turns = await begin_all(pace, 2)
        gone = asyncio.ensure_future(pace.begin())
        await asyncio.sleep(0)
        if is_its_turn:  # it is told, and cancelled before it has heard of it
            turns[0].end()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        if not is_its_turn:
            turns[0].end()
        turn = await asyncio.wait_for(pace.begin(), SETTLED_S / 5)
        turn.end()

    run(main)
