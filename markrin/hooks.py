"""Where a higher app joins what a lower one does: settings.HOOKS names the functions, in
the order they run.

A map of what runs when, beside urls.py, celery_app.py, the signals and the models' triggers:
for what must happen in the same transaction, such as a guest's cart that becomes the
customer's at sign-in.

The lower app declares a hook in its `hooks.py`, as a function without a body, and calls it:

    @declare_hook
    def signed_in(*, user: User, cart_token: str) -> None:
        \"""Somebody has signed in; part of the transaction of the sign-in.\"""

    hooks.signed_in(user=user, cart_token=token)  # in accounts/services

The type checker sees the caller's side; at start-up each function in HOOKS is compared with
the declaration.
"""

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string, module_has_submodule

P = ParamSpec("P")
R = TypeVar("R")


class Hook(Generic[P, R]):
    """A moment that other apps may join; calling it runs their functions."""

    def __init__(self, declaration: Callable[P, R]) -> None:
        self.name = declaration.__name__
        self.declaration = declaration

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Run the hook's functions in the caller's transaction and return what they return."""
        functions = [import_string(path) for path in settings.HOOKS[self.name]]
        return [function(*args, **kwargs) for function in functions]


_declared: dict[str, Hook[Any, Any]] = {}


def declare_hook(declaration: Callable[P, R]) -> Hook[P, R]:
    """Make the hook of this name, whose functions take and return what `declaration` says.
    Its body is never run.

    Raises:
        ValueError: there is such a hook already.
    """
    hook = Hook(declaration)
    if hook.name in _declared:
        raise ValueError(f"two hooks are named {hook.name}")
    _declared[hook.name] = hook
    return hook


@register()
def check_hooks(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Refuse to start with a hook that nobody declares, or a function that does not fit it."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(
            config.module, "hooks"
        ):
            import_module(f"{config.name}.hooks")
    problems: list[CheckMessage] = [
        Error(
            f"HOOKS has no line for {name!r}; no functions: [].", id="markrin.E031"
        )
        for name in sorted(_declared.keys() - settings.HOOKS.keys())
    ]
    for name, paths in settings.HOOKS.items():
        if name not in _declared:
            known = ", ".join(sorted(_declared))
            problems.append(
                Error(
                    f"HOOKS[{name!r}]: no app declares it; it is one of {known}.",
                    id="markrin.E032",
                )
            )
            continue
        problems += [
            problem for path in paths if (problem := _check_function(name, path))
        ]
    return problems


def _check_function(name: str, path: str) -> CheckMessage | None:
    try:
        function = import_string(path)
    except ImportError as error:
        return Error(f"HOOKS[{name!r}] names {path}: {error}", id="markrin.E030")
    declared, given = _describe(_declared[name].declaration), _describe(function)
    if declared == given:
        return None
    return Error(
        f"HOOKS[{name!r}] names {path}{given}, and the hook is declared as {declared}.",
        id="markrin.E033",
    )


def _describe(function: Callable[..., object]) -> str:
    """Return parameters and result in one form, whether types are written out or quoted."""
    signature = inspect.signature(function)
    parameters = [
        f"{parameter.kind.name.lower()} {parameter.name}: {_type_name(parameter.annotation)}"
        for parameter in signature.parameters.values()
    ]
    return f"({', '.join(parameters)}) -> {_type_name(signature.return_annotation)}"


def _type_name(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation.strip("\"'")
    if annotation is None:
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    text = inspect.formatannotation(annotation)
    # `accounts.models.user.User` and `User` are one
    return re.sub(r"\w+\.(?=\w)", "", text)
