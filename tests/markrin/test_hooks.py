"""Hooks: what settings.HOOKS may name, checked at start-up against the declarations."""

import pytest

from accounts import hooks as account_hooks
from accounts.models import User
from markrin import hooks


def errors_of(settings, name, *paths):
    settings.HOOKS = settings.HOOKS | {name: list(paths)}
    return [(problem.id, problem.msg) for problem in hooks.check_hooks(None)]


def test_the_shops_own_hooks_are_in_order():
    assert hooks.check_hooks(None) == []


def without_the_token(*, user: User) -> None:
    """Take less than the hook gives."""


def of_another_type(*, user: User, cart_token: bytes) -> None:
    """Take another type than the hook gives."""


def by_position(user: User, cart_token: str) -> None:
    """Take the arguments by position, too."""


def returning(*, user: "User", cart_token: "str") -> int:
    """Return what nobody wants."""
    return 1


def as_declared(*, user: "User", cart_token: "str") -> None:
    """Take what the hook gives, its types in quotes."""


@pytest.mark.parametrize(
    "name", ["without_the_token", "of_another_type", "by_position", "returning"]
)
def test_a_function_that_does_not_fit_its_hook_is_refused_at_start_up(
    settings, name
):
    ((code, message),) = errors_of(settings, "signed_in", f"{__name__}.{name}")
    assert code == "markrin.E033"
    assert message.startswith(f"HOOKS['signed_in'] names {__name__}.{name}(")
    assert (
        "declared as (keyword_only user: User, keyword_only cart_token: str) -> None"
        in message
    )


def test_types_in_quotes_are_the_same_types(settings):
    assert errors_of(settings, "signed_in", f"{__name__}.as_declared") == []


def test_names_that_are_nobodys_are_refused(settings):
    assert errors_of(settings, "signed_in", "orders.nowhere.merge") == [
        (
            "markrin.E030",
            "HOOKS['signed_in'] names orders.nowhere.merge: No module named 'orders.nowhere'",
        )
    ]
    settings.HOOKS = {"signed_out": []}
    found = {problem.id: problem.msg for problem in hooks.check_hooks(None)}
    assert found["markrin.E032"].startswith(
        "HOOKS['signed_out']: no app declares it; it is one of c"
    )
    assert "HOOKS has no line for 'trace_tell'" in found["markrin.E031"]


def test_a_hook_runs_its_functions_in_their_order_and_returns_what_they_return(
    settings,
):
    settings.HOOKS = {"export": [f"{__name__}.first", f"{__name__}.second"]}
    assert account_hooks.export(user=User(email="a@b.example")) == [
        {"first": "a@b.example"},
        {"second": 2},
    ]


def first(*, user: User) -> dict[str, object]:
    return {"first": user.email}


def second(*, user: User) -> dict[str, object]:
    return {"second": 2}


def test_two_hooks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two hooks are named signed_in"):

        @hooks.declare_hook
        def signed_in() -> None:
            """Be the second."""
