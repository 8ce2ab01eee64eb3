"""Make, use and revoke the keys of machines."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from accounts import errors
from accounts.client_info import ClientInfo
from accounts.models import ApiKey, Role, User
from accounts.models.api_key import PREFIX
from accounts.schemas import NewApiKey
from accounts.services.auth_log import log_auth_event
from markrin.api.errors import Forbidden, NotFound
from markrin.db import transactions
from markrin.db.models import uuid7

_USED_WITHIN = timedelta(
    minutes=1
)  # how exact `last_used_at` is: not a write a call


def create_api_key(
    new: NewApiKey, *, by: User, client: ClientInfo
) -> tuple[ApiKey, str]:
    """Return a new key and its text, which nobody can read again later.

    Raises:
        errors.ApiKeyNameTaken: a live key has the name.
    """
    text = PREFIX + secrets.token_urlsafe(32)
    try:
        return _insert_key(new, text, by, client), text
    except IntegrityError as exc:
        if ApiKey.objects.filter(name=new.name, revoked_at=None).exists():
            raise errors.ApiKeyNameTaken from exc
        raise


@transactions.durable
def _insert_key(new: NewApiKey, text: str, by: User, client: ClientInfo) -> ApiKey:
    key_id = uuid7()
    # The address is what logs and the audit show; nobody gets mail there (RFC 2606).
    address = f"{slugify(new.name)[:40] or 'key'}-{key_id.hex[-8:]}@keys.invalid"
    user = User.objects.create_user(address, name=new.name, role=Role.STAFF)
    user.groups.set(Group.objects.filter(name__in=new.groups))
    key = ApiKey.objects.create(
        id=key_id,
        user=user,
        name=new.name,
        hint=text[: len(PREFIX) + 4],
        key_hash=_hash_key(text),
        networks=list(new.networks),
        created_by=by,
        expires_at=new.expires_at,
    )
    log_auth_event(
        "api_key_created",
        "ok",
        client=client,
        user_id=by.pk,
        key=str(key.pk),
        groups=list(new.groups),
    )
    key.refresh_from_db(fields=["created_at"])
    return key


@transactions.durable
def revoke_api_key(*, key_id: UUID, by: User, client: ClientInfo) -> None:
    """End the key at once; one that has been revoked stays so.

    Raises:
        NotFound: there is no such key.
    """
    key = ApiKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        return
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    # The machine's own account, not that of whoever made the key.
    User.objects.filter(pk=key.user_id).update(is_active=False)
    log_auth_event(
        "api_key_revoked", "ok", client=client, user_id=by.pk, key=str(key.pk)
    )


def authenticate_key(text: str, *, address: str | None, now: datetime) -> ApiKey:
    """Return the live key that `text` is, with its user. One query, and a write a minute.

    Raises:
        markrin.api.errors.TokenInvalid: it is unknown, revoked, or has expired.
        Forbidden: it may not be used from this address.
    """
    key = (
        ApiKey.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(key_hash=_hash_key(text), revoked_at=None, user__is_active=True)
        .first()
    )
    if key is None:
        raise errors.token_invalid()
    if key.networks and not _is_in(address, key.networks):
        raise Forbidden("This key may not be used from this address.")
    if key.last_used_at is None or now - key.last_used_at > _USED_WITHIN:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _is_in(address: str | None, networks: list[str]) -> bool:
    return address is not None and any(
        ip_address(address) in ip_network(network) for network in networks
    )


def _hash_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
