"""The admin's pages of sessions, of the log of sign-ins, and of API keys. None shows a token."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin.users import get_signed_in_user
from accounts.client_info import ClientInfo
from accounts.models import (
    ApiKey,
    AuthEvent,
    Session,
)
from accounts.schemas import CreateApiKey
from accounts.services import api_keys, sessions
from markrin.admin.base import (
    ModelAdmin,
    ReadOnly,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm
from markrin.api.errors import Invalid, ShopError
from markrin.rights import GROUPS


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
    search_fields = (
        "user_id__exact",
        "sid__exact",
        "ip__exact",
        "request_id__exact",
    )
    ordering = ("-id",)


class ApiKeyForm(StrictForm):
    """What a machine may do, from where, and until when."""

    name = forms.CharField(
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
        help_text="of the machine: what it does stands under this name in the history",
    )
    groups = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(name, f"{name}: {what}") for name, what in GROUPS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    networks = forms.CharField(
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextInputWidget,
        help_text="such as 203.0.113.0/24 198.51.100.7; empty: from everywhere",
    )
    expires_at = forms.DateTimeField(
        label="Ends at",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="in the shop's time; empty: when it is revoked",
    )

    def clean(self) -> CleanedData:
        """Ask what the API's schema asks."""
        data = super().clean()
        if self.errors:
            return data
        ends = data["expires_at"]
        body = {"name": data["name"], "groups": data["groups"]}
        body |= {"networks": data["networks"].replace(",", " ").split()}
        body |= {"expiresAt": ends.isoformat()} if ends else {}
        try:
            data["new"] = CreateApiKey().load(body)
        except Invalid as invalid:
            for each in invalid.errors:
                field = each["pointer"].strip("/").partition("/")[0]
                name = "expires_at" if field == "expiresAt" else field
                self.add_error(
                    name if name in self.fields else None, each["message"]
                )
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, ModelAdmin):
    """Keys of machines: made, and shown once; looked at, and ended."""

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

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Only admins make keys."""
        return bool(getattr(request.user, "is_superuser", False))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: object = None
    ) -> HttpResponseBase:
        """Ask what the key may do, make it, and show it, this once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = (
            ApiKeyForm(request.POST) if request.method == "POST" else ApiKeyForm()
        )
        text = ""
        if form.is_bound and form.is_valid():
            try:
                key, text = api_keys.create_api_key(
                    form.cleaned_data["new"],
                    by=get_signed_in_user(request),
                    client=ClientInfo.from_request(request),
                )
            except ShopError as refusal:
                form.add_error("name", refusal.detail)
            else:
                self.log_addition(request, key, [{"added": {}}])
        context = {
            **self.admin_site.each_context(request),
            "title": "Make a key",
            "opts": self.opts,
            "form": form,
            "text": text,
            "back": reverse("admin:accounts_apikey_changelist"),
        }
        return TemplateResponse(
            request,
            "admin/accounts/new_key.html",
            context,
            status=422 if form.errors else 201 if text else 200,
            headers={"Cache-Control": "no-store"},
        )

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
