"""The table that `make chaos` prints: fault × tries × what must hold × breaches."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.world import World, world

Record = Callable[..., None]


@dataclass(frozen=True)
class Line:
    fault: str
    tries: int
    invariant: str
    counted: str
    breaches: int


_lines = pytest.StashKey[list[Line]]()


@pytest.fixture
def stage(transactional_db: None) -> Iterator[World]:
    """Return broker, mail server and the ways to start the shop's processes."""
    with world() as one:
        yield one


@pytest.fixture
def hold(request: pytest.FixtureRequest) -> Record:
    """Return `hold(fault, tries, invariant, counted, breaches)`: a line of the table, and a failure on a breach."""

    def record(fault: str, tries: int, invariant: str, counted: str, breaches: int) -> None:
        lines = request.config.stash.setdefault(_lines, [])
        lines.append(Line(fault, tries, invariant, counted, breaches))
        assert breaches == 0, f"{fault}: {invariant}: {counted}"

    return record


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow faults to `make chaos`: they take minutes, and some stop servers that other tests use."""
    if os.environ.get("CHAOS") == "1":
        return
    here = Path(__file__).parent
    slow = [item for item in items if here in item.path.parents and item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_lines, [])
    if not lines:
        return
    write = terminalreporter.write_line
    terminalreporter.section("faults")
    write(f"{'fault':<44} {'tries':>5}  {'must hold':<52} {'breaches':>8}  counted")
    for line in lines:
        write(f"{line.fault:<44} {line.tries:>5}  {line.invariant:<52} {line.breaches:>8}  {line.counted}")
    tries = {line.fault: line.tries for line in lines}  # a fault has a line for each thing that must hold
    write(f"{sum(tries.values())} faults injected, {sum(line.breaches for line in lines)} breaches")
