"""The hooks that other apps may join: settings.HOOKS names their functions."""

from accounts.models import User
from markrin.hooks import declare_hook


@declare_hook
def signed_in(*, user: User, cart_token: str) -> None:
    """Somebody has signed in, in a browser that holds this guest's cart ("": none).

    Part of the transaction of the sign-in.
    """


@declare_hook
def email_verified(*, user: User) -> int:
    """Somebody has proved that the address is theirs. Return how many rows became theirs.

    Part of the transaction of the proof.
    """
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def export(*, user: User) -> dict[str, object]:
    """Return what the app knows about the person; the keys are the names in the export."""
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def erase(*, user: User) -> None:
    """Anonymise what the app knows about the person: part of the transaction that erases them."""
