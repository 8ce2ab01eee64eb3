"""The admin's pages of sessions, of the log of sign-ins, and of API keys. None shows a token."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.users import get_signed_in_user
from accounts.client_info import ClientInfo
from accounts.models import (
    ApiKey,
    AuthEvent,
    Session,
)
from accounts.services import api_keys, sessions
from markrin.admin.base import (
    ModelAdmin,
    ReadOnly,
)
from markrin.admin.exact_search import ExactSearch


@admin.register(Session)
class SessionAdmin(ExactSearch, ReadOnly, ModelAdmin):
    ordering = ("-id",)
    fields = (
        "user",
        "label",
        "ip",
        "user_agent",
        "transport",
        "generation",
        "replay_count",
        "created_at",
        "authenticated_at",
        "last_seen_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
    )
    list_display = (
        "user",
        "label",
        "ip",
        "created_at",
        "last_seen_at",
        "expires_at",
        "revoked_reason",
    )
    list_filter = ("revoked_reason", "transport")
    list_select_related = ("user",)
    search_fields = ("user__email__startswith", "ip")
    search_help_text = "the beginning of an e-mail address, or an IP address"
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Only admins end sessions: to look at them is not enough."""
        return bool(getattr(request.user, "is_superuser", False))

    @admin.action(description="End", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        ids = [session.pk for session in queryset]
        count = sessions.end_sessions(
            session_ids=ids,
            by=get_signed_in_user(request),
            client=ClientInfo.from_request(request),
        )
        self.message_user(request, f"{count} sessions ended.")


@admin.register(AuthEvent)
class AuthEventAdmin(ReadOnly, ModelAdmin):
    fields = (
        "at",
        "type",
        "outcome",
        "user_id",
        "sid",
        "ip",
        "user_agent",
        "request_id",
        "details",
    )
    list_display = ("at", "type", "outcome", "user_id", "ip")
    list_filter = ("type", "outcome")
    search_fields = ("user_id__exact", "sid__exact", "ip__exact", "request_id__exact")
    ordering = ("-id",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, ModelAdmin):
    """Made by `POST /api/staff/keys`; looked at, and ended, here as well."""

    fields = (
        *("name", "hint", "user", "networks", "created_by", "created_at"),
        *("expires_at", "last_used_at", "revoked_at"),
    )
    list_display = (
        "name",
        "hint",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    ordering = ("-id",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Only admins end keys."""
        return bool(getattr(request.user, "is_superuser", False))

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            api_keys.revoke_api_key(
                key_id=key.pk,
                by=get_signed_in_user(request),
                client=ClientInfo.from_request(request),
            )
            self.message_user(request, f"{key.name} has been revoked.")
