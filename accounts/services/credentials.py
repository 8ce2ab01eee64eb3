"""Is this the password? Under limits, and in the same time whether or not there is such an
account.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts import errors
from accounts.client_info import ClientInfo
from accounts.metrics import SIGN_INS
from accounts.models import Session, User
from accounts.schemas import Credentials
from accounts.services.auth_log import log_auth_event
from markrin.api import client_address, rate_limits
from markrin.api.errors import RateLimited


def account_key(email: str) -> str:
    """Return what an account is counted under: no address stands in the cache."""
    return hashlib.sha256(email.lower().encode()).hexdigest()


def authenticate_user(given: Credentials, *, client: ClientInfo) -> User:
    """Return the active user whose password it is.

    Every attempt counts as a failure until it has succeeded, so that attempts side by side
    cannot slip through. Not in a transaction: a failure's count and log must survive the
    refusal.

    Raises:
        errors.InvalidCredentials: unknown, wrong or inactive, which nobody can tell apart.
        markrin.api.errors.RateLimited: too many failures.
    """
    email = given.email.lower()
    user = User.objects.filter(email=email).first()
    _count_attempt(email, user, client)
    if user is None:
        User().set_password(given.password)  # as long as checking one takes
    elif user.check_password(given.password) and user.is_active:
        _forget_attempt(email, client)
        return user
    SIGN_INS.labels("failed").inc()
    log_auth_event(
        "login", "failed", client=client, user_id=user.pk if user else None
    )
    raise errors.InvalidCredentials


def _count_attempt(email: str, user: User | None, client: ClientInfo) -> None:
    key, network = account_key(email), client.network
    rate_limits.enforce_limit(
        rate_limits.Limit.named("login_account_network"), key, network
    )
    try:
        rate_limits.enforce_limit(rate_limits.Limit.named("login_network"), network)
    except RateLimited:
        rate_limits.give_back(
            rate_limits.Limit.named("login_account_network"), key, network
        )
        raise
    wait = rate_limits.count_request(rate_limits.Limit.named("login_account"), key)
    # A stranger who fails all day must not lock the owner out, whose networks are known.
    if wait is not None and not (user and _knows_network(user, network)):
        raise rate_limits.rate_limited_error(wait)


def _forget_attempt(email: str, client: ClientInfo) -> None:
    key, network = account_key(email), client.network
    rate_limits.reset_counter(
        rate_limits.Limit.named("login_account_network"), key, network
    )
    rate_limits.give_back(rate_limits.Limit.named("login_network"), network)
    rate_limits.give_back(rate_limits.Limit.named("login_account"), key)


def _knows_network(user: User, network: str) -> bool:
    """Return whether the user has signed in from this network within the last month."""
    addresses = (
        Session.objects.filter(user=user).values_list("ip", flat=True).distinct()
    )
    return any(
        client_address.network_of(address) == network for address in addresses
    )


def is_new_device(user: User, client: ClientInfo) -> bool:
    """Return whether the user has signed in before, but neither from this network nor with
    just this browser nearby.
    """
    sessions = Session.objects.filter(
        user=user, created_at__gt=timezone.now() - timedelta(days=60)
    )
    if not sessions.exists():
        return False
    same_browser = (
        Q(user_agent=client.user_agent) if client.user_agent else Q(pk=None)
    )
    return (
        not _knows_network(user, client.network)
        and not sessions.filter(same_browser).exists()
    )


def confirm_password(
    password: str, *, current: Session, client: ClientInfo, action: str
) -> None:
    """Return if it is the signed-in user's password. A wrong one is logged under `action`.

    Raises:
        errors.CurrentPasswordWrong: it is not.
        markrin.api.errors.RateLimited: too many were tried.
    """
    limit = rate_limits.Limit.named("password")
    rate_limits.enforce_limit(limit, str(current.user_id))
    if not current.user.check_password(password):
        log_auth_event(
            action, "failed", client=client, user_id=current.user_id, sid=current.pk
        )
        raise errors.CurrentPasswordWrong
    rate_limits.reset_counter(limit, str(current.user_id))
