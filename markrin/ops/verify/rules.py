"""Every rule that there is: each app's `invariants.py`, and what PostgreSQL should hold."""

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

from django.utils.module_loading import module_has_submodule

from markrin.db.invariants import Breach, Invariant
from markrin.ops.verify import constraints

APPS = ("products", "accounts", "orders", "analytics")
_PLACES = ("markrin.outbox", *APPS)


def modules() -> Iterator[ModuleType]:
    """Yield the apps' `invariants` modules."""
    for name in _PLACES:
        if module_has_submodule(import_module(name), "invariants"):
            yield import_module(f"{name}.invariants")


def by_row() -> Iterator[Invariant]:
    """Yield the rules that are asked of a table's rows, in batches."""
    yield from constraints.asked_again()
    for module in modules():
        yield from module.INVARIANTS


def at_once() -> Iterator[tuple[str, Callable[[], Iterator[Breach]]]]:
    """Yield the rules that are asked in one go, by name."""
    yield "constraints are there", constraints.missing
    yield "nothing stands twice", constraints.doubles
    for module in modules():
        yield from getattr(module, "AT_ONCE", {}).items()
