"""Which test runs when, and in which process, where pytest runs in several (`make test`).

What waits for processes, servers and a browser comes first: its waiting is then filled by the
tests that only reckon, and the last minutes have many short ones to share out.
"""

from pathlib import PurePath

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders whose tests mostly wait, those first that have the longest.
WAITING = (
    "browser",
    "chaos",
    "dev",
    "observe",
    "deploy",
    "flows",
    "moving",
    "fuzz",
    "server",
)
# The browser's files share a shop with the demo in it, which takes long to make: two processes
# have one each, of which one is the staff's.
STAFFS_PAGES = {
    "test_catalogue_admin",
    "test_gift_cards",
    "test_merchant_day",
    "test_staff_day",
    "test_staff_hour",
}


def unit_of(path: str) -> str:
    """Return what the tests of this file are shared out with: their file's, or their browser's."""
    file = PurePath(path)
    if file.parent.name != "browser":
        return path
    return "browser: staff" if file.stem in STAFFS_PAGES else "browser: shoppers"


def sort_by_waiting(items: list[pytest.Item], root: PurePath) -> None:
    """Bring the tests that wait to the front, and those of a unit together."""
    paths = {item: item.path.relative_to(root).as_posix() for item in items}
    sizes: dict[str, int] = {}
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        unit = unit_of(paths[item])
        sizes[unit] = sizes.get(unit, 0) + 1
        first.setdefault(unit, place)

    def key(item: pytest.Item) -> tuple[int, int, int]:
        unit, folder = unit_of(paths[item]), PurePath(paths[item]).parts[1]
        waits = WAITING.index(folder) if folder in WAITING else len(WAITING)
        # The largest of the others first: what is left at the end is small.
        return waits, 0 if folder in WAITING else -sizes[unit], first[unit]

    items.sort(key=key)


class ByUnit(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types of its own
    """Give a process a whole unit at a time, in the order in which `sort_by_waiting` put them."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid.split("::", 1)[0])
