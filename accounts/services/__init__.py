"""What changes around users: a function per use case."""

from accounts.services.sessions import Tokens, logout_everywhere, open_session, revoke_session

__all__ = ["Tokens", "logout_everywhere", "open_session", "revoke_session"]
