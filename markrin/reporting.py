"""Sentry's SDK for whoever has something to report; markrin/observe/sentry.py starts it.

It is imported by who starts it alone: without SENTRY_DSN a process would spend a thirtieth
of its start on what it never uses.
"""

import sys
from types import ModuleType


def find_sdk() -> ModuleType | None:
    """Return `sentry_sdk` if this process reports to Sentry, else None."""
    sdk = sys.modules.get("sentry_sdk")
    return sdk if sdk is not None and sdk.is_initialized() else None


def report_error(error: BaseException) -> None:
    """Tell Sentry of an error, if this process reports there."""
    if sdk := find_sdk():
        sdk.capture_exception(error)
