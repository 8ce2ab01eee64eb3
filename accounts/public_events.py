"""What other systems are told of accounts."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rest_framework import serializers

from accounts.models import User
from markrin.api.serializers import Serializer, Timestamp
from markrin.webhooks.public_events import PublicEvent, Snapshot


class CustomerSnapshot(Serializer):
    """A customer, as other systems are told of one."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    last_name = serializers.CharField()
    language = serializers.CharField()
    created_at = Timestamp()


def list_events() -> Sequence[PublicEvent]:
    """Return them (settings.HOOKS)."""
    return [
        PublicEvent(
            event_type="user.registered",
            summary="Somebody has opened an account.",
            subject="user",
            group="orders",
            shape=CustomerSnapshot,
            find_subjects=_find_user,
            make_snapshots=_show_users,
        )
    ]


def _find_user(payload: Mapping[str, str]) -> list[UUID]:
    return [UUID(payload["user_id"])]


def _show_users(ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    users = User.objects.filter(pk__in=ids, erased_at=None)
    return {user.pk: CustomerSnapshot(user).data for user in users}
