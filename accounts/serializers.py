"""The JSON of accounts: read-only serializers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from accounts import models
from accounts.models import Gender, Role, Transport
from markrin.api.serializers import Serializer, Timestamp, page_of
from products.serializers.products import ProductItem

if TYPE_CHECKING:
    from accounts.services.sessions import Tokens


class User(Serializer):
    """A user to themselves. `pendingEmail` waits to be verified."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    email_verified = serializers.BooleanField()
    pending_email = serializers.SerializerMethodField()
    role = serializers.ChoiceField(Role.choices)
    phone = serializers.SerializerMethodField()
    date_of_birth = serializers.DateField(allow_null=True)
    gender = serializers.ChoiceField(Gender.choices)
    created_at = Timestamp()

    def get_pending_email(self, user: models.User) -> str | None:
        return user.pending_email or None

    def get_phone(self, user: models.User) -> str | None:
        return user.phone or None


class StaffUser(User):
    """A user to staff."""

    active = serializers.BooleanField(source="is_active")
    groups = serializers.SerializerMethodField()
    erased_at = Timestamp(allow_null=True)

    def get_groups(self, user: models.User) -> list[str]:
        return sorted(group.name for group in user.groups.all())

    def to_representation(self, instance: object) -> dict[str, object]:
        """Return the user; birth and gender are shown to admins alone."""
        shown = super().to_representation(instance)
        if not getattr(instance, "for_admin", False):  # the selector says
            shown |= {"dateOfBirth": None, "gender": ""}
        return shown


StaffUserPage = page_of(StaffUser)


class ApiKey(Serializer):
    """A machine's key, without the key itself."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="how the key begins")
    groups = serializers.SerializerMethodField()
    networks = serializers.ListField(child=serializers.CharField())
    created_at = Timestamp()
    expires_at = Timestamp(allow_null=True)
    last_used_at = Timestamp(allow_null=True)
    revoked_at = Timestamp(allow_null=True)

    def get_groups(self, key: models.ApiKey) -> list[str]:
        return sorted(group.name for group in key.user.groups.all())


class ApiKeys(Serializer):
    """Every key, revoked ones too."""

    items = ApiKey(many=True)


class NewApiKey(ApiKey):
    """A key that was just made: the only time that its text is shown."""

    key = serializers.CharField()


class SignedIn(Serializer):
    """New tokens. `refresh` is there only where no cookie holds it."""

    access = serializers.CharField()
    access_expires_in = serializers.IntegerField(help_text="seconds")
    refresh = serializers.CharField(required=False)
    refresh_expires_in = serializers.IntegerField(help_text="seconds")
    session_id = serializers.UUIDField()

    def to_representation(self, instance: Tokens) -> dict[str, object]:
        """Return the tokens; a refresh token that travels by cookie stays out of the body."""
        shown: dict[str, object] = {
            "access": instance.access,
            "accessExpiresIn": instance.access_expires_in,
        }
        if instance.session.transport == Transport.BODY:
            shown["refresh"] = instance.refresh
        return {
            **shown,
            "refreshExpiresIn": instance.refresh_expires_in,
            "sessionId": str(instance.session.pk),
        }


class SignedInUser(SignedIn):
    """New tokens, and whose they are."""

    user = User()

    def to_representation(self, instance: Tokens) -> dict[str, object]:
        """Return the tokens and the user."""
        return {
            **super().to_representation(instance),
            "user": User(instance.session.user).data,
        }


class Accepted(Serializer):
    """The same answer for everybody; a mail is sent only if there is such a user."""

    accepted = serializers.BooleanField()


class Session(Serializer):
    """A session, to its user."""

    id = serializers.UUIDField()
    current = serializers.BooleanField()
    # a field, not this serializer's own label
    label = serializers.CharField()  # type: ignore[assignment]
    ip = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    created_at = Timestamp()
    last_seen_at = Timestamp()
    expires_at = Timestamp()


class Sessions(Serializer):
    """Every live session of a user. There are at most SESSIONS_PER_USER, so without pages."""

    items = Session(many=True)


class Address(Serializer):
    id = serializers.UUIDField()
    recipient = serializers.CharField()
    phone = serializers.CharField()
    street = serializers.CharField()
    city = serializers.CharField()
    state = serializers.CharField()
    state_code = serializers.CharField(help_text="ISO 3166-2: IN-KA; or empty")
    postal_code = serializers.CharField()
    country = serializers.CharField()
    is_default = serializers.BooleanField()


class Addresses(Serializer):
    """The whole address book."""

    items = Address(many=True)


class WishlistItem(Serializer):
    product = ProductItem()
    added_at = Timestamp()


WishlistPage = page_of(WishlistItem)


class Export(Serializer):
    """Everything that is known about a person, by kind; see the document that comes."""

    profile = serializers.DictField()
    addresses = serializers.ListField(child=serializers.DictField())
    wishlist = serializers.ListField(child=serializers.DictField())
    sessions = serializers.ListField(child=serializers.DictField())
    sign_in_log = serializers.ListField(child=serializers.DictField())
