"""The hook that other apps may join: settings.HOOKS names their functions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markrin.hooks import declare_hook

if TYPE_CHECKING:
    from markrin.webhooks.public_events import PublicEvent


@declare_hook
def list_public_events() -> "Sequence[PublicEvent]":
    """Return the app's events that others may see."""
    raise NotImplementedError  # never run: only the signature counts
