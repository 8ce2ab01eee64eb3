"""Orders by telephone: a form for what somebody dictates, what it costs, and placing it."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import Address
from markrin import localized
from markrin.admin.base import Fieldsets, Step, SteppedAdmin
from markrin.admin.forms import CleanedData, StrictModelForm
from markrin.api.casing import to_camel
from markrin.api.errors import Invalid, ShopError
from orders.admin.steps import get_actor
from orders.models import DraftOrder, Order
from orders.models.cart import MAX_PER_LINE
from orders.schemas import ShippingAddress
from orders.services import drafts
from products.models import Variant

_ADDRESS: Final = (
    "recipient",
    "phone",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
)
# "TEE-M", "TEE-M 2", "TEE-M x2"
_ARTICLE: Final = re.compile(
    r"(?P<code>\S+)(?:\s+(?:[x×]\s*)?(?P<pieces>[0-9]{1,3}))?"
)


class DraftForm(StrictModelForm):
    """What is dictated. With the address of a customer's account, an address left empty is the
    default of their address book.
    """

    articles = forms.CharField(
        max_length=5_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="a line each: SKU or barcode, then how many: TEE-M 2",
    )

    class Meta:
        model = DraftOrder
        fields = (
            "email",
            *_ADDRESS,
            "payment_method",
            "discount",
            "discount_reason",
            "note",
        )
        widgets = {"note": UnfoldAdminTextareaWidget(attrs={"rows": 2})}
        labels = {"email": "E-mail"}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in (*_ADDRESS, "discount"):
            self.fields[name].required = False
        draft = self.instance
        if draft._state.adding:
            self.fields["country"].initial = settings.SHOP_COUNTRY
        else:
            lines = draft.cart.lines.select_related("variant")
            self.fields["articles"].initial = "\n".join(
                f"{line.variant.sku} {line.quantity}" for line in lines
            )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_discount(self) -> Decimal:
        return self.cleaned_data["discount"] or Decimal(0)

    def clean_articles(self) -> dict[UUID, int]:
        """Return how many pieces of which variant; an error names its line."""
        wanted: dict[str, int] = {}
        for number, text in enumerate(
            self.cleaned_data["articles"].splitlines(), 1
        ):
            if not text.strip():
                continue
            found = _ARTICLE.fullmatch(text.strip())
            pieces = int(found["pieces"] or 1) if found else 0
            if not found or not 1 <= pieces <= MAX_PER_LINE:
                raise forms.ValidationError(
                    f"Line {number}: write a SKU and 1 to {MAX_PER_LINE}: TEE-M 2."
                )
            wanted[found["code"]] = wanted.get(found["code"], 0) + pieces
        return _find_variants(wanted)

    def clean(self) -> Any:
        """Check the address as the shop's checkout does, once there is any of it."""
        super().clean()
        data = self.cleaned_data
        if not any(data.get(name) for name in _ADDRESS if name != "country"):
            known = Address.objects.filter(
                user__email=data.get("email") or None,
                user__email_verified_at__isnull=False,
                is_default=True,
            ).first()
            if known is not None:
                for name in (*_ADDRESS, "state_code"):
                    data[name] = getattr(known, name)
                    setattr(self.instance, name, data[name])
            return data
        sent = {to_camel(name): data.get(name) or "" for name in _ADDRESS}
        try:
            address = ShippingAddress().load(
                {name: value for name, value in sent.items() if value}
            )
        except Invalid as refusal:
            fields = {f"/{to_camel(name)}": name for name in _ADDRESS}
            for each in refusal.errors:
                self.add_error(fields.get(each["pointer"]), each["message"])
            return data
        for name, value in asdict(address).items():
            data[name] = getattr(value, "value", value)
            setattr(self.instance, name, data[name])
        return data


def _find_variants(wanted: Mapping[str, int]) -> dict[UUID, int]:
    """Return the variants under these SKUs or barcodes. Raises: ValidationError."""
    spelt = {each for code in wanted for each in (code, code.upper())}
    found: dict[str, UUID] = {}
    for variant in Variant.objects.filter(barcode__in=spelt).exclude(barcode=""):
        found[variant.barcode] = variant.pk
    for variant in Variant.objects.filter(sku__in=spelt):
        found[variant.sku] = variant.pk
    pieces: dict[UUID, int] = {}
    for code, number in wanted.items():
        pk = found.get(code) or found.get(code.upper())
        if pk is None:
            raise forms.ValidationError(f"There is no SKU or barcode {code}.")
        pieces[pk] = pieces.get(pk, 0) + number
    return pieces


def _place(request: HttpRequest, draft: DraftOrder, data: CleanedData) -> str:
    staff = request.user
    if isinstance(staff, AnonymousUser):
        raise PermissionDenied
    placed = drafts.place_draft(
        draft_id=draft.pk,
        staff=staff,
        base_url=request.build_absolute_uri("/"),
    )
    draft.placed = placed.order  # type: ignore[attr-defined]  # for after_step
    told = f"{placed.order.number} is placed."
    if placed.payment and placed.payment.redirect_url:
        told += f" The link to pay: {placed.payment.redirect_url}"
    return told


@admin.register(DraftOrder)
class DraftOrderAdmin(SteppedAdmin):
    """Orders by telephone that are not placed yet."""

    form = DraftForm
    list_display = (
        "recipient",
        "phone",
        "email",
        "payment_method",
        "by",
        "created_at",
    )
    list_select_related = ("by",)
    search_fields = ("phone", "email")
    readonly_fields = ("price", "next_steps")
    fieldsets = (
        (None, {"fields": ("articles",)}),
        (
            "Who, and where to",
            {
                "fields": (
                    ("email", "phone"),
                    "recipient",
                    "street",
                    ("postal_code", "city"),
                    ("state", "country"),
                )
            },
        ),
        (
            "How it is paid",
            {"fields": ("payment_method", ("discount", "discount_reason"), "note")},
        ),
        ("What it costs", {"fields": ("price", "next_steps")}),
    )
    steps = {
        "place": Step(
            "Place the order",
            _place,
            warning="The pieces are reserved, and the customer is told by mail.",
        )
    }
    logs_steps = False
    unlogged = ("email", *_ADDRESS, "note")

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> Fieldsets:
        return self.fieldsets if obj else self.fieldsets[:-1]

    def save_model(
        self, request: HttpRequest, obj: DraftOrder, form: forms.Form, change: bool
    ) -> None:
        drafts.save_draft(
            obj, form.cleaned_data["articles"], actor=get_actor(request)
        )

    def delete_model(self, request: HttpRequest, obj: DraftOrder) -> None:
        with transaction.atomic():
            drafts.discard_draft(obj)

    def response_add(
        self,
        request: HttpRequest,
        obj: DraftOrder,
        post_url_continue: str | None = None,
    ) -> HttpResponseRedirect:
        """Show what it costs."""
        return self.response_post_save_change(request, obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: DraftOrder
    ) -> HttpResponseRedirect:
        page = reverse("admin:orders_draftorder_change", args=[obj.pk])
        return HttpResponseRedirect(page)

    def after_step(self, request: HttpRequest, row: Model, *, back: str) -> str:
        """Lead to the order."""
        placed: Order | None = getattr(row, "placed", None)
        if placed is None:
            return back
        return reverse("admin:orders_order_change", args=[placed.pk])

    @admin.display(description="now")
    def price(self, draft: DraftOrder) -> SafeString | str:
        try:
            quote = drafts.quote_draft(draft)
        except ShopError as refusal:  # such as: nothing is delivered there
            return refusal.detail
        rows = [("Subtotal", quote.subtotal)]
        rows += [
            (f"{each.promotion.name}", -each.amount) for each in quote.discounts
        ]
        rows += [("Shipping", quote.shipping)]
        rows += [("Fee for cash on delivery", fee.amount) for fee in quote.fees]
        rows += [("Tax, included" if quote.tax_included else "Tax", quote.tax)]
        rows += [("Total", quote.total)]
        shown = [
            (name, localized.format_money(quote.money(units), quote.currency))
            for name, units in rows
        ]
        return render_to_string("orders/sums.html", {"rows": shown, "order": draft})
