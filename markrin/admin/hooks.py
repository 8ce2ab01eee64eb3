"""What other apps join of the admin: settings.HOOKS names their functions."""

from django.http import HttpRequest

from markrin.hooks import declare_hook


@declare_hook
def factor_given(*, request: HttpRequest, succeeded: bool) -> None:
    """Whoever is signed in to the admin has given a second factor, or the password again, and
    it was right or not. In no transaction.
    """
