"""Register, sign in, sign out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts import errors, events, hooks, password_rules
from accounts.client_info import ClientInfo
from accounts.metrics import SIGN_INS
from accounts.models import RevokedReason, Session, Transport, User
from accounts.schemas import Credentials, FactorAnswer, PasswordProof, Registration
from accounts.services import credentials, second_factor
from accounts.services.auth_log import log_auth_event
from accounts.services.sessions import Tokens, open_session, revoke_sessions
from accounts.tokens import AccessToken, RefreshToken
from markrin.api import rate_limits
from markrin.db import transactions
from markrin.outbox import services as outbox


@dataclass(frozen=True, kw_only=True)
class SignInContext:
    """What a sign-in knows besides who it is: from where, how tokens travel, what it replaces."""

    client: ClientInfo
    transport: Transport
    presented: Collection[UUID] = ()  # sessions whose tokens came with the call
    cart_token: str | None = None
    language: str = ""


def register_customer(registration: Registration, context: SignInContext) -> Tokens:
    """Create a customer and sign them in. A mail asks them to verify the address.

    The mails are in the language of the context, or in the shop's.

    Raises:
        errors.EmailTaken, errors.PasswordRejected: nothing has changed.
        markrin.api.errors.RateLimited: this network has registered too many.
    """
    rate_limits.enforce_limit(
        rate_limits.Limit.named("register"), context.client.network
    )
    user = User(
        email=registration.email,
        name=registration.name,
        last_name=registration.last_name,
        language=context.language,
    )
    password_rules.check_new_password(registration.password, user, field="password")
    if User.objects.filter(email=user.email).exists():
        raise errors.EmailTaken
    user.set_password(registration.password)
    try:
        return _insert_customer(user, context)
    except IntegrityError as exc:
        if User.objects.filter(email=user.email).exists():  # somebody was faster
            raise errors.EmailTaken from exc
        raise


@transactions.durable
def _insert_customer(user: User, context: SignInContext) -> Tokens:
    user.save(force_insert=True)
    tokens = _start_session(user, context)
    log_auth_event(
        "register",
        "ok",
        client=context.client,
        user_id=user.pk,
        sid=tokens.session.pk,
    )
    outbox.add(events.UserRegistered(user_id=user.pk))
    return tokens


def log_in(given: Credentials, context: SignInContext) -> Tokens:
    """Sign in. Sessions whose tokens came with the call end in the same transaction.

    Raises:
        errors.InvalidCredentials: no such active account, or not its password.
        markrin.api.errors.SecondFactorRequired: it is staff, and the shop wants a code of them:
            `give_second_factor` goes on. errors.SecondFactorNotSetUp: they have no device yet.
        markrin.api.errors.RateLimited: too many failures.
    """
    checked = credentials.authenticate_user(given, client=context.client)
    second_factor.demand_code(checked)
    tokens = _sign_in(checked, context)
    SIGN_INS.labels("ok").inc()
    return tokens


def give_second_factor(given: FactorAnswer, context: SignInContext) -> Tokens:
    """Sign in whose password was right, by a code besides.

    Raises:
        errors.ChallengeInvalid: that was too long ago, or the password has changed since.
        errors.SecondFactorWrong: not one of their codes, or the device waits after wrong ones.
        markrin.api.errors.RateLimited: too many were tried.
    """
    checked = second_factor.read_challenge(given.challenge)
    second_factor.check_code(checked, given.code, client=context.client)
    tokens = _sign_in(checked, context, second_factor_at=timezone.now())
    SIGN_INS.labels("ok").inc()
    return tokens


@transactions.durable
def _sign_in(
    checked: User,
    context: SignInContext,
    *,
    second_factor_at: datetime | None = None,
) -> Tokens:
    # Locked, so that sign-ins side by side count the live sessions one after the other.
    user = User.objects.select_for_update(no_key=True).get(pk=checked.pk)
    if not user.is_active or user.auth_epoch != checked.auth_epoch:
        raise errors.InvalidCredentials  # the password was changed while it was being checked
    known = Session.objects.filter(pk__in=context.presented, user=user).exists()
    new_device = not known and credentials.is_new_device(user, context.client)
    tokens = _start_session(user, context, second_factor_at=second_factor_at)
    log_auth_event(
        "login", "ok", client=context.client, user_id=user.pk, sid=tokens.session.pk
    )
    if new_device:
        outbox.add(
            events.SignedInFromNewDevice(
                user_id=user.pk, session_id=tokens.session.pk
            )
        )
    return tokens


def _start_session(
    user: User, context: SignInContext, *, second_factor_at: datetime | None = None
) -> Tokens:
    now = timezone.now()
    revoke_sessions(
        Session.objects.filter(pk__in=context.presented),
        reason=RevokedReason.LOGOUT,
        now=now,
    )
    tokens = open_session(
        user,
        transport=context.transport,
        client=context.client,
        now=now,
        second_factor_at=second_factor_at,
    )
    hooks.signed_in(user=user, cart_token=context.cart_token or "")
    return tokens


def presented_session(
    kind: type[AccessToken] | type[RefreshToken], text: str | None
) -> set[UUID]:
    """Return the session that a token names, if it is ours: also when expired or spent, as
    it only ends it.
    """
    if not text:
        return set()
    try:
        return {kind.from_text(text, verify_exp=False).sid}
    except TokenError:
        return set()


@transactions.durable
def log_out(*, sessions: Collection[UUID], client: ClientInfo) -> None:
    """End these sessions; those that have ended or never were make no difference."""
    now = timezone.now()
    for session in Session.objects.filter(pk__in=sessions, revoked_at=None):
        log_auth_event(
            "logout", "ok", client=client, user_id=session.user_id, sid=session.pk
        )
    revoke_sessions(
        Session.objects.filter(pk__in=sessions),
        reason=RevokedReason.LOGOUT,
        now=now,
    )


def reauthenticate(
    proof: PasswordProof, *, current: Session, client: ClientInfo
) -> None:
    """Note that the user has just given the password, as sensitive calls ask for.

    Raises:
        errors.CurrentPasswordWrong: it is not theirs.
        markrin.api.errors.RateLimited: too many were tried.
    """
    credentials.confirm_password(
        proof.password, current=current, client=client, action="reauthenticate"
    )
    Session.objects.filter(pk=current.pk).update(authenticated_at=timezone.now())
    log_auth_event(
        "reauthenticate",
        "ok",
        client=client,
        user_id=current.user_id,
        sid=current.pk,
    )
