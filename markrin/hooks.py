"""Where a higher app joins what a lower one does: settings.HOOKS names the functions, in
the order they run.

The fourth map of what runs when, beside urls.py, celery_app.py and the signals: for what
must happen in the same transaction, such as a guest's cart that becomes the customer's at
sign-in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


def call_hook(name: str, **arguments: Any) -> list[Any]:
    """Run the hook's functions in the caller's transaction and return what they return.

    Raises:
        KeyError: settings.HOOKS has no such hook.
    """
    return [import_string(path)(**arguments) for path in settings.HOOKS[name]]


@register()
def every_hook_is_somebodys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with a name in HOOKS that cannot be imported."""
    problems: list[CheckMessage] = []
    for name, paths in settings.HOOKS.items():
        for path in paths:
            try:
                import_string(path)
            except ImportError as error:
                problems.append(
                    Error(f"HOOKS[{name!r}] names {path}: {error}", id="markrin.E030")
                )
    return problems
