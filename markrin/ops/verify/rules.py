"""Every rule that there is: each app's `invariants.py`, and what PostgreSQL should hold."""

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

from markrin.db.invariants import Breach, Invariant
from markrin.ops.verify import constraints

APPS = ("products", "accounts", "orders", "storefront", "analytics")
TableRule = tuple[str, Callable[[], Iterator[Breach]]]


def list_own_apps() -> list[AppConfig]:
    """Return the shop's installed apps, the rooms of markrin/ that are one among them."""
    ours = {"markrin", *APPS}
    return [
        config
        for config in apps.get_app_configs()
        if config.name.split(".")[0] in ours
    ]


def load_invariants() -> Iterator[ModuleType]:
    """Yield the apps' `invariants` modules."""
    for config in list_own_apps():
        if module_has_submodule(import_module(config.name), "invariants"):
            yield import_module(f"{config.name}.invariants")


def list_row_rules() -> Iterator[Invariant]:
    """Yield the rules that are asked of a table's rows, in batches."""
    yield from constraints.list_row_rules()
    for module in load_invariants():
        yield from module.INVARIANTS


def list_table_rules() -> Iterator[TableRule]:
    """Yield the rules that are asked in one go, by name."""
    yield "constraints are there", constraints.find_missing
    yield "triggers and functions are as declared", constraints.find_undeclared
    yield "nothing stands twice", constraints.find_duplicates
    for module in load_invariants():
        yield from getattr(module, "AT_ONCE", {}).items()
