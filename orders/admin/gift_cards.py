"""Gift cards and store credit: issued, corrected, blocked, and what became of each."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from markrin import localized
from markrin.admin.base import (
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    TabularInline,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm, StrictModelForm
from orders import gift_card_codes
from orders.codes import normalize_code
from orders.models import GiftCard, GiftCardEntry
from orders.models.gift_card import GiftCardKind
from orders.services import gift_cards
from orders.services.gift_cards import NewGiftCard
from orders.services.lifecycle import Actor

_REASON = 200


def _amount_field(**more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="in shop currency",
        **more,
    )


def _reason_field() -> forms.CharField:
    return forms.CharField(
        max_length=_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="kept with the movement; whoever gets store credit reads it",
    )


class NewGiftCardForm(StrictModelForm):
    amount = _amount_field(min_value=Decimal("0.01"))
    reason = _reason_field()

    class Meta:
        model = GiftCard
        fields = ("amount", "reason", "email", "expires_at", "user")
        labels = {"user": "Customer", "email": "E-mail address"}
        help_texts = {
            "email": "to whom the code is mailed; empty: read it here",
            "user": "gives this customer store credit instead of a card with a code",
        }

    def clean(self) -> CleanedData:
        """Refuse an address for store credit: it belongs to an account."""
        cleaned = super().clean()
        if cleaned.get("user") and (
            cleaned.get("email") or cleaned.get("expires_at")
        ):
            raise forms.ValidationError(
                "Store credit is the customer's: it has no code to mail, and does not expire."
            )
        return cleaned

    def _post_clean(self) -> None:
        """Leave the row's own rules to the service that makes it."""


class CorrectForm(StrictForm):
    amount = _amount_field()
    reason = _reason_field()


class ExpiryForm(StrictForm):
    expires_at = forms.SplitDateTimeField(
        required=False,
        label="Expires at",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="empty: it does not expire",
    )


def _actor(request: HttpRequest) -> Actor:
    pk = request.user.pk
    return Actor("staff", pk if isinstance(pk, UUID) else None)


def _correct(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    gift_cards.correct_card(
        card_id=card.pk,
        amount=form["amount"],
        reason=form["reason"],
        actor=_actor(request),
    )
    return f"Corrected by {form['amount']}: {form['reason']}"


def _block(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    gift_cards.set_blocked(card_id=card.pk, blocked=True)
    return "Nobody can pay with it now."


def _unblock(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    gift_cards.set_blocked(card_id=card.pk, blocked=False)
    return "It can be paid with again."


def _set_expiry(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    expires_at: datetime | None = form["expires_at"]
    gift_cards.set_expiry(card_id=card.pk, expires_at=expires_at)
    return (
        f"It expires {expires_at:%d %b %Y}."
        if expires_at
        else "It does not expire."
    )


def _mail(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    gift_cards.mail_again(card_id=card.pk)
    return f"The code goes to {card.email} again."


def _show_code(request: HttpRequest, card: GiftCard, form: CleanedData) -> str:
    return f"The code is {gift_cards.read_code(card)}"


def _is_card(card: GiftCard) -> bool:
    return bool(card.kind == GiftCardKind.CARD)


class EntryInline(ReadOnly, TabularInline):
    model = GiftCardEntry
    extra = 0
    fields = ("at", "kind", "moved", "order", "by", "actor", "reason")
    readonly_fields = fields

    @admin.display(description="amount")
    def moved(self, entry: GiftCardEntry) -> str:
        return localized.format_money(entry.amount, entry.card.currency)


@admin.register(GiftCard)
class GiftCardAdmin(ExactSearch, SteppedAdmin):
    inlines = (EntryInline,)
    steps = {
        "correct": Step("Correct", _correct, form=CorrectForm),
        "expiry": Step("Change when it expires", _set_expiry, form=ExpiryForm),
        "mail": Step(
            "Mail the code again", _mail, offered=lambda card: bool(card.email)
        ),
        "code": Step(
            "Show the code",
            _show_code,
            offered=_is_card,
            warning="Whoever sees it can pay with it. That you looked is written down.",
        ),
        "block": Step(
            "Block", _block, offered=lambda card: not card.is_blocked, danger=True
        ),
        "unblock": Step("Unblock", _unblock, offered=lambda card: card.is_blocked),
    }
    list_display = (
        *("card", "kind", "left", "email", "user", "expires_at"),
        *("is_blocked", "created_at"),
    )
    list_filter = ("kind", "is_blocked")
    list_select_related = ("user",)
    search_fields = ("email", "user__email", "last4")
    search_help_text = "a whole code, its last four letters, or an address"
    autocomplete_fields = ("user",)
    readonly_fields = ("next_steps", "card", "left", "order")
    export_columns = {
        "Card": "last4",
        "Kind": "kind",
        "Left": "balance",
        "Currency": "currency",
        "E-mail": "email",
        "Customer": "user__email",
        "Expires at": "expires_at",
        "Issued at": "created_at",
    }

    def get_form(
        self,
        request: HttpRequest,
        obj: object = None,
        change: bool = False,
        **kwargs: object,
    ) -> type[StrictModelForm]:
        if obj is None:
            kwargs["form"] = NewGiftCardForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: object = None) -> Sequence[str]:
        if obj is None:
            return NewGiftCardForm.Meta.fields
        return (
            *("next_steps", "card", "kind", "left", "expires_at", "is_blocked"),
            *("email", "user", "order", "created_at"),
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> Sequence[str]:
        return self.get_fields(request, obj) if obj is not None else ()

    def get_inlines(
        self, request: HttpRequest, obj: object = None
    ) -> Sequence[type[object]]:
        return self.inlines if obj is not None else ()

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: GiftCard,
        form: NewGiftCardForm,
        change: bool,
    ) -> None:
        """Issue the card, or the store credit; a card that is there changes by steps only."""
        if change:
            return
        given = form.cleaned_data
        if given["user"] is not None:
            entry = gift_cards.grant_store_credit(
                user_id=given["user"].pk,
                amount=given["amount"],
                reason=given["reason"],
                actor=_actor(request),
            )
            made = entry.card
        else:
            made = gift_cards.make_issued_card(
                NewGiftCard(
                    amount=given["amount"],
                    reason=given["reason"],
                    email=given["email"],
                    expires_at=given["expires_at"],
                ),
                actor=_actor(request),
            )
        obj.__dict__.update(made.__dict__)

    def log_change(
        self, request: HttpRequest, obj: GiftCard, message: object
    ) -> object:
        """Write down what staff did; never a code that they were shown."""
        title = self.steps["code"].title
        if str(message).startswith(title):
            message = f"{title}."
        return super().log_change(request, obj, message)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Search by a whole code through its HMAC, else by its end or an address."""
        code = normalize_code(search_term)
        if len(code.replace("-", "")) >= gift_card_codes.LENGTH and "@" not in code:
            hashes = gift_card_codes.list_hashes(code)
            return queryset.filter(code_hash__in=hashes), False
        term = search_term if "@" in search_term else code
        return super().get_search_results(request, queryset, term)

    @admin.display(ordering="last4")
    def card(self, card: GiftCard) -> str:
        return str(card)

    @admin.display(ordering="balance")
    def left(self, card: GiftCard) -> str:
        return localized.format_money(card.balance, card.currency)

    @admin.display(description="bought by")
    def order(self, card: GiftCard) -> str:
        return card.order_line.order.number if card.order_line else "–"


@admin.register(GiftCardEntry)
class GiftCardEntryAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("at", "card", "kind", "moved", "order", "by", "reason")
    list_filter = ("kind",)
    list_select_related = ("card", "order", "by")
    search_fields = ("order__number", "key")
    search_help_text = "an order's whole number, or an entry's key"
    export_columns = {
        "At": "at",
        "Card": "card__last4",
        "Kind": "kind",
        "Amount": "amount",
        "Currency": "card__currency",
        "Order": "order__number",
        "By": "by__email",
        "Reason": "reason",
    }

    @admin.display(description="amount", ordering="amount")
    def moved(self, entry: GiftCardEntry) -> str:
        return localized.format_money(entry.amount, entry.card.currency)
