"""The admin's pages of users, and of the groups of staff and of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.client_info import ClientInfo
from accounts.models import (
    Address,
    CustomerGroup,
    Role,
    Session,
    User,
)
from accounts.services import authority, privacy, sessions, staff_users
from markrin.admin.amounts import show_money
from markrin.admin.base import (
    FirstRows,
    ModelAdmin,
    ReadOnly,
    Step,
    SteppedAdmin,
    TabularInline,
)
from markrin.admin.forms import Strict
from markrin.api.errors import ShopError

admin.site.unregister(Group)


class AddUserForm(Strict, UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name", "last_name", "role")

    def clean_email(self) -> str:
        """Return the address in the form that is stored."""
        return str(self.cleaned_data["email"]).lower()


class ChangeUserForm(Strict, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, object]:
        """Refuse to leave the shop without an admin."""
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        stays = cleaned.get("role") == Role.ADMIN and cleaned.get("is_active")
        others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(
            pk=self.instance.pk
        )
        was = self.initial.get("role") == Role.ADMIN and self.initial.get(
            "is_active"
        )
        if was and not stays and not others.exists():
            self.add_error("role", "Somebody must remain an active admin.")
        return cleaned


class AddressInline(ReadOnly, TabularInline):
    model = Address
    extra = 0
    fields = (
        "recipient",
        "phone",
        "street",
        "city",
        "state",
        "postal_code",
        "country",
        "is_default",
    )


class SessionInline(FirstRows):
    model = Session
    fields = (
        "label",
        "ip",
        "created_at",
        "last_seen_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
    )
    readonly_fields = fields
    verbose_name_plural = "sessions, the newest 50"


def get_signed_in_user(request: HttpRequest) -> User:
    """Return the member of staff who is using the admin."""
    return cast(User, request.user)


def _sign_out_user(
    request: HttpRequest, user: User, data: Mapping[str, object]
) -> str:
    count = sessions.sign_out_users(
        user_ids=[user.pk],
        by=get_signed_in_user(request),
        client=ClientInfo.from_request(request),
    )
    return f"{count} sessions ended."


def _reset_second_factor(
    request: HttpRequest, user: User, data: Mapping[str, object]
) -> str:
    count = staff_users.reset_second_factor(
        user_id=user.pk,
        by=get_signed_in_user(request),
        client=ClientInfo.from_request(request),
    )
    return f"{count} devices removed; they set up another at the next sign-in."


def _erase_customer(
    request: HttpRequest, user: User, data: Mapping[str, object]
) -> str:
    privacy.erase_customer(
        user_id=user.pk,
        client=ClientInfo.from_request(request),
        by=get_signed_in_user(request),
    )
    return "Nobody can tell any more who this was."


@admin.register(User)
# not generic at run time; our paginator
class UserAdmin(DjangoUserAdmin, SteppedAdmin):  # type: ignore[type-arg,misc]
    form, add_form, change_password_form = (
        ChangeUserForm,
        AddUserForm,
        AdminPasswordChangeForm,
    )
    list_display = (
        "email",
        "name",
        "last_name",
        "role",
        "is_active",
        "email_verified",
        "created_at",
    )
    list_filter = ("role", "is_active", "groups", "created_at")
    search_fields = (
        "email__istartswith",
        "name__istartswith",
        "last_name__istartswith",
    )
    search_help_text = "the beginning of the e-mail or of a name"
    ordering = ("-id",)  # the newest first, by the index that every table has
    readonly_fields = (
        "next_steps",
        "email_verified_at",
        "pending_email",
        "created_at",
        "erased_at",
    )
    filter_horizontal = ("groups",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "next_steps",
                    "email",
                    "password",
                    ("email_verified_at", "pending_email"),
                )
            },
        ),
        (
            "Person",
            {
                "fields": (
                    ("name", "last_name"),
                    ("phone", "date_of_birth"),
                    ("gender", "language"),
                )
            },
        ),
        ("Access", {"fields": (("role", "is_active"), "groups")}),
        ("Times", {"fields": (("created_at", "erased_at"),)}),
    )
    contact_fieldsets = (
        (None, {"fields": ("email", ("name", "last_name"), "phone", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "email",
                    "name",
                    "last_name",
                    "role",
                    "password1",
                    "password2",
                )
            },
        ),
    )
    inlines = (SessionInline, AddressInline)
    actions = ("sign_out", "forget_second_factor", "erase")
    # Whoever asks to be forgotten must not live on in the log: it names these fields, and
    # no values of them.
    unlogged = (
        "email",
        "name",
        "last_name",
        "phone",
        "date_of_birth",
        "gender",
        "password",
    )
    steps = {
        "sign-out": Step(
            "Sign out everywhere",
            _sign_out_user,
            offered=lambda user: user.erased_at is None,
            warning="Every session of theirs ends at once, in the shop and in the admin.",
        ),
        "second-factor": Step(
            "Reset the second factor",
            _reset_second_factor,
            offered=lambda user: user.is_staff,
            warning=(
                "Make sure that it is they who ask: with the password alone "
                "they set up another device."
            ),
        ),
        "erase": Step(
            "Anonymise for good",
            _erase_customer,
            danger=True,
            offered=lambda user: (
                user.role == Role.CUSTOMER and user.erased_at is None
            ),
            warning=(
                "Name, addresses, sessions and wishlist go, orders stay without the person. "
                "It cannot be undone."
            ),
        ),
    }
    export_columns = {
        "E-mail": "email",
        "Name": "name",
        "Last name": "last_name",
        "Telephone": "phone",
        "Role": "role",
        "Active": "is_active",
        "Verified at": "email_verified_at",
        "Since": "created_at",
        "Language": "language",
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the users whom the caller may see: all for admins, customers for other staff."""
        users: QuerySet[User] = super().get_queryset(request)
        if request.user.is_superuser:
            return users
        return users.filter(role=Role.CUSTOMER)

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> Any:
        """Show staff what they need to serve a customer, and admins everything."""
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return self.contact_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        """Let admins alone change what somebody may do."""
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_superuser else (*own, "role", "groups")

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Refuse to change somebody who has more rights."""
        return super().has_change_permission(request, obj) and (
            obj is None
            or not authority.has_more_rights(obj, than=get_signed_in_user(request))
        )

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the inlines; a user who is not saved yet has none."""
        if obj is None:
            return ()
        return self.inlines if request.user.is_superuser else (AddressInline,)

    @admin.display(boolean=True, description="verified")
    def email_verified(self, user: User) -> bool:
        return user.email_verified

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        """Users are deactivated, or erased: what they did stays theirs."""
        return False

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        try:
            count = sessions.sign_out_users(
                user_ids=[user.pk for user in queryset],
                by=get_signed_in_user(request),
                client=ClientInfo.from_request(request),
            )
        except ShopError as error:
            self.message_user(request, error.detail, messages.ERROR)
        else:
            self.message_user(request, f"{count} sessions ended.")

    @admin.action(description="Reset the second factor", permissions=["change"])
    def forget_second_factor(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        for user in queryset:
            try:
                message = _reset_second_factor(request, user, {})
            except ShopError as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                self.message_user(request, f"{user.email}: {message}")

    @admin.action(
        description="Anonymise for good (a customer who asks)",
        permissions=["change"],
    )
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            try:
                privacy.erase_customer(
                    user_id=user.pk,
                    client=ClientInfo.from_request(request),
                    by=get_signed_in_user(request),
                )
            except ShopError as error:
                self.message_user(
                    request, f"{user.email}: {error.detail}", messages.ERROR
                )


@admin.register(Group)
# unfold's own attributes are untyped
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(CustomerGroup)
class CustomerGroupAdmin(ModelAdmin):
    list_display = (
        *("name", "by_rule", "tags"),
        show_money("min_spent", of=""),
        *("min_orders", "within_days"),
    )
    search_fields = ("name__istartswith",)
    autocomplete_fields = ("members",)
    fieldsets = (
        (None, {"fields": ("name", "members")}),
        (
            "By rule (all of the conditions that are filled in)",
            {
                "fields": (
                    ("by_rule", "tags"),
                    ("min_spent", "min_orders", "within_days"),
                )
            },
        ),
    )
