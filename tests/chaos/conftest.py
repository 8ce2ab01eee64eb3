"""What the tests of faults share: the processes, the table, and which of them are left to `make
chaos`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.shop import Shop
from tests.chaos.shop_processes import ShopProcesses, start_processes
from tests.chaos.table import Record, hold, pytest_terminal_summary, verified

__all__ = ["Record", "hold", "pytest_terminal_summary", "verified"]


@pytest.fixture
def processes(verified: None) -> Iterator[ShopProcesses]:
    """Return broker, mail server and the ways to start the shop's processes; `verify` runs
    when they have ended.
    """
    with start_processes() as one:
        yield one


@pytest.fixture
def shop(processes: ShopProcesses) -> Iterator[Shop]:
    """Return the shop over HTTP, not yet open, with buyers and something to buy."""
    with Shop(processes) as one:
        yield one


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave the slow faults to `make chaos`: they take minutes, and some stop servers that
    other tests use.
    """
    if os.environ.get("CHAOS") == "1":
        return
    here = Path(__file__).parent
    slow = [
        item
        for item in items
        if here in item.path.parents and item.get_closest_marker("slow")
    ]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)
