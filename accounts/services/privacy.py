"""What a person may ask for: everything the shop knows about them, and to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)

from accounts import hooks
from accounts.client_info import ClientInfo
from accounts.models import (
    Address,
    AuthEvent,
    MailToken,
    Role,
    Session,
    User,
    WishlistItem,
)
from accounts.services.auth_log import log_auth_event
from accounts.services.authority import refuse_more_rights
from accounts.services.sessions import require_recent_password
from markrin.api.casing import to_camel
from markrin.api.errors import NotFound, Unprocessable
from markrin.db import transactions
from markrin.webhooks.services import publishing
from products.services import import_jobs

_PROFILE = (
    "id",
    "email",
    "pending_email",
    "email_verified_at",
    "name",
    "last_name",
    "phone",
    "date_of_birth",
    "gender",
    "language",
    "role",
    "created_at",
)
_ADDRESS = (
    "recipient",
    "phone",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "is_default",
    "created_at",
)
_SESSION = (
    "id",
    "created_at",
    "last_seen_at",
    "expires_at",
    "revoked_at",
    "revoked_reason",
    "ip",
    "user_agent",
    "label",
)
_EVENT = ("at", "type", "outcome", "ip", "user_agent")


def _to_camel_keys(row: Mapping[str, object]) -> dict[str, object]:
    return {to_camel(name): value for name, value in row.items()}


@transactions.durable
def export_user(
    *, user_id: UUID, client: ClientInfo, by: User
) -> dict[str, object]:
    """Return everything that is known about a user, as JSON can hold it; other apps add
    theirs by the hook `export`.

    Raises:
        NotFound: there is no such user.
        Forbidden: the user has more rights than `by`.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    refuse_more_rights(by, [user])
    found = _export_account(user)
    for part in hooks.export(user=user):
        found |= part
    log_auth_event("export", "ok", client=client, user_id=user.pk, by=str(by.pk))
    return found


def _export_account(user: User) -> dict[str, object]:
    rows = {
        "addresses": Address.objects.for_customer(user).values(*_ADDRESS),
        "wishlist": user.wishlist.values("product_id", "created_at"),
        "sessions": user.sessions.values(*_SESSION),
        "signInLog": AuthEvent.objects.filter(user_id=user.pk).values(*_EVENT),
    }
    profile = {name: getattr(user, name) for name in _PROFILE}
    return {
        "profile": _to_camel_keys(profile),
        **{
            name: [_to_camel_keys(row) for row in values]
            for name, values in rows.items()
        },
    }


def export_me(*, current: Session, client: ClientInfo) -> dict[str, object]:
    """Return everything that is known about the signed-in user, as `export_user`.

    Raises:
        markrin.api.errors.ReauthenticationRequired: the password was given too long ago.
    """
    require_recent_password(current, timezone.now())
    return export_user(user_id=current.user_id, client=client, by=current.user)


def erase_me(*, current: Session, client: ClientInfo) -> None:
    """Anonymise the signed-in customer.

    Raises:
        markrin.api.errors.ReauthenticationRequired: the password was given too long ago.
        Unprocessable: they are staff.
    """
    require_recent_password(current, timezone.now())
    erase_customer(user_id=current.user_id, client=client, by=current.user)


@transactions.durable
def erase_customer(*, user_id: UUID, client: ClientInfo, by: User) -> None:
    """Anonymise a customer for good: what identifies the person goes, and what the books
    need stays without it.

    Other apps see to theirs by the hook `erase`. Once done, doing it again changes nothing.
    Locks: the user.

    Raises:
        NotFound: there is no such user.
        Unprocessable: they are staff, whose deeds must remain theirs; deactivate them.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise NotFound
    if user.erased_at is not None:
        return
    refuse_more_rights(by, [user])
    if user.role != Role.CUSTOMER:
        raise Unprocessable(
            "Only customers can be erased. Make them a customer first, or deactivate them."
        )
    hooks.erase(user=user)
    import_jobs.forget_address(user.email)
    publishing.forget_subjects("user", [user.pk])
    _anonymise_user(user)
    log_auth_event(
        "erase",
        "ok",
        client=ClientInfo(request_id=client.request_id),
        user_id=user.pk,
        by=str(by.pk),
    )


def _anonymise_user(user: User) -> None:
    tokens = OutstandingToken.objects.filter(user=user)
    BlacklistedToken.objects.filter(token__in=tokens).delete()
    tokens.delete()
    for model in (Session, MailToken, Address, WishlistItem):
        model.objects.filter(user=user).delete()
    AuthEvent.objects.filter(user_id=user.pk).update(
        ip=None, user_agent="", details={}
    )
    user.groups.clear()
    user.user_permissions.clear()
    user.email = f"erased-{user.pk.hex}@erased.invalid"
    user.name, user.last_name, user.phone, user.gender, user.language = (
        "Erased",
        "",
        "",
        "",
        "",
    )
    user.pending_email, user.email_verified_at, user.date_of_birth = "", None, None
    user.is_active, user.erased_at = False, timezone.now()
    user.set_unusable_password()
    user.save()
