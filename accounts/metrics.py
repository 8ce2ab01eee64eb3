"""Metrics of sign-in, for /metrics."""

from prometheus_client import Counter

REFRESHES = Counter(
    "markrin_auth_refresh", "Refreshes by the rule that decided them.", ["outcome"]
)
SIGN_INS = Counter("markrin_auth_sign_in", "Sign-ins by outcome.", ["outcome"])
