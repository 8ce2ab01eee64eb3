"""What goes out: carts, quotes and orders as their customers see them. All of it was loaded
before.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markrin.api.serializers import Money, Serializer, Timestamp, page_of
from orders import order_links, return_window, waiting_pieces
from orders.models import Order, OrderLine
from orders.models.fulfilment import ParcelStatus
from orders.models.gift_card import GiftCardEntryKind
from orders.models.invoice import InvoiceKind
from orders.models.order_event import OrderEvent, OrderEventKind
from orders.models.order_status import (
    BEFORE_SHIPPING,
    PARTIALLY_PAID,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.models.return_request import ReturnStatus
from orders.pricing.promotions import Reason
from orders.pricing.quote import Quote as PricedQuote
from orders.pricing.shipping import CashReason
from products.models import InventoryPolicy

if TYPE_CHECKING:
    from orders.services import checkout


SHOWN_PAYMENT_STATUS = [*PaymentStatus.values, PARTIALLY_PAID]


class DiscountLine(Serializer):
    line_id = serializers.UUIDField()
    amount = Money()


class Discount(Serializer):
    promotion_id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    amount = Money(help_text="what it takes off the lines")
    shipping_amount = Money(help_text="what it takes off the shipping")
    lines = DiscountLine(many=True)


class NotApplied(Serializer):
    promotion_id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField(choices=[str(reason) for reason in Reason])
    missing = serializers.CharField(
        allow_null=True,
        help_text="an amount to spend (minimum_spend), or pieces (minimum_pieces)",
    )


class Invoice(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=InvoiceKind.values)
    issued_on = serializers.DateField()
    currency = serializers.CharField()
    total = Money(help_text="with its tax")
    tax = Money()
    fulfilment_id = serializers.UUIDField(
        allow_null=True, help_text="the parcel that it came with"
    )
    original_id = serializers.UUIDField(
        allow_null=True,
        help_text="the invoice that a credit note corrects, or a refund's receipt voucher",
    )


class InvoiceList(Serializer):
    invoices = Invoice(many=True)


class Fee(Serializer):
    kind = serializers.CharField()
    amount = Money()


class TaxPart(Serializer):
    name = serializers.CharField()
    rate = serializers.CharField(help_text="percent")
    taxable = Money()
    amount = Money()


class GiftCardPayment(Serializer):
    last4 = serializers.CharField(help_text="empty: store credit")
    amount = Money()


class Quote(Serializer):
    subtotal = Money()
    discount = Money()
    shipping = Money()
    fees = Fee(many=True)
    tax = Money()
    tax_included = serializers.BooleanField()
    total = Money()
    amount_due = Money()
    currency = serializers.CharField()
    discounts = Discount(many=True)
    not_applied = NotApplied(many=True)
    taxes = TaxPart(many=True)
    gift_cards = GiftCardPayment(many=True)

    def to_representation(self, quote: PricedQuote) -> dict[str, object]:
        """Return the quote as it shows itself, here and in a refusal."""
        return quote.to_json()


class CashOption(Serializer):
    """Cash on delivery: whether it can be had, its fee, and why not."""

    allowed = serializers.BooleanField()
    fee = Money()
    reason = serializers.ChoiceField(
        choices=[str(reason) for reason in CashReason], allow_null=True
    )


class ShippingOption(Serializer):
    """A way to send the cart. The days are the shop's; null where it promises none."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    price = Money()
    cod = CashOption()
    delivers_from = serializers.DateField(allow_null=True)
    delivers_until = serializers.DateField(allow_null=True)


class ShippingOptions(Serializer):
    items = ShippingOption(many=True)


class ProductDelivery(Serializer):
    """When a product arrives by the cheapest way, and all ways; null where none is promised."""

    country = serializers.CharField()
    postal_code = serializers.CharField(allow_blank=True)
    delivers_from = serializers.DateField(allow_null=True)
    delivers_until = serializers.DateField(allow_null=True)
    items = ShippingOption(many=True)


class Image(Serializer):
    url = serializers.CharField()
    alt_text = serializers.CharField()


class CartCategory(Serializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class CartChoice(Serializer):
    id = serializers.UUIDField(help_text="to put this variant in the line's place")
    size = serializers.CharField()
    color = serializers.CharField()
    count_in_stock = serializers.IntegerField(min_value=0)
    in_stock = serializers.BooleanField(help_text="whether it can be bought")


class CartProduct(Serializer):
    id = serializers.UUIDField(source="offer.product_id")
    slug = serializers.CharField(source="offer.slug")
    name = serializers.CharField(source="offer.name")
    brand = serializers.CharField(source="choices.brand")
    category = CartCategory(source="choices.category")
    is_gift_card = serializers.BooleanField(source="offer.is_gift_card")
    image = Image(source="offer.image", allow_null=True)
    variants = CartChoice(
        source="choices.variants",
        many=True,
        help_text="the sizes and colours on sale, with the pieces that are there",
    )


class CartItem(Serializer):
    id = serializers.UUIDField()
    variant_id = serializers.UUIDField(source="offer.variant_id")
    sku = serializers.CharField(source="offer.sku")
    size = serializers.CharField(source="offer.size")
    color = serializers.CharField(source="offer.color")
    product = CartProduct(source="*")
    quantity = serializers.IntegerField()
    price_at_add = Money()
    base_price = Money(source="offer.base_price")
    price = Money(source="offer.price")
    price_changed = serializers.BooleanField()
    line_total = Money(source="line_total")
    available = serializers.BooleanField(
        help_text="whether this many can be bought now"
    )
    count_in_stock = serializers.IntegerField(help_text="pieces that are there")
    on_back_order = serializers.IntegerField(
        min_value=0, help_text="pieces of this line that are not there yet"
    )
    inventory_policy = serializers.ChoiceField(
        source="offer.inventory_policy", choices=InventoryPolicy.choices
    )


class CartCoupon(Serializer):
    code = serializers.CharField()
    applied = serializers.BooleanField()
    reason = serializers.CharField(
        allow_null=True,
        help_text="the code of the refusal, where it does not apply",
    )


class CartGiftCard(Serializer):
    id = serializers.UUIDField(help_text="to take it off the cart")
    last4 = serializers.CharField()
    balance = Money()


class CartStoreCredit(Serializer):
    balance = Money()
    used = serializers.BooleanField(help_text="whether the cart is paid with it")


class Cart(Serializer):
    id = serializers.UUIDField(allow_null=True)
    token = serializers.CharField(
        allow_null=True, help_text="a guest's: send it back as X-Cart-Token"
    )
    items = CartItem(many=True)
    coupon = CartCoupon(allow_null=True, help_text="the first of the coupons")
    coupons = CartCoupon(many=True)
    gift_cards = CartGiftCard(many=True)
    store_credit = CartStoreCredit(
        allow_null=True, help_text="a signed-in customer's, where there is any"
    )
    quote = Quote()
    shipping_method = ShippingOption(
        allow_null=True,
        help_text="by which the quote reckons; null where nothing is delivered",
    )
    item_count = serializers.IntegerField()


class OrderItem(Serializer):
    id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    slug = serializers.SerializerMethodField(help_text="of the product's page")
    name = serializers.CharField()
    sku = serializers.CharField()
    size = serializers.CharField()
    color = serializers.CharField()
    image = serializers.SerializerMethodField()
    quantity = serializers.IntegerField()
    cancelled = serializers.IntegerField(help_text="pieces that will not be sent")
    shipped = serializers.IntegerField(help_text="pieces that have left")
    returned = serializers.IntegerField()
    on_back_order = serializers.SerializerMethodField(
        help_text="pieces that are not there yet, and are sent as soon as they come in"
    )
    unit_price = Money()
    line_total = Money()
    discount = Money()
    tax = Money()

    def get_slug(self, line: OrderLine) -> str:
        # `with_lines` and the checkout bring it along
        return str(getattr(line, "slug", None) or line.product.slug)

    def get_image(self, line: OrderLine) -> str | None:
        return line.image or None

    def get_on_back_order(self, line: OrderLine) -> int:
        # `with_lines` and the checkout bring it along
        known = getattr(line, "on_back_order", None)
        if known is None:
            found = waiting_pieces.list_missing_pieces([line.order_id])
            known = found.get(line.pk, 0)
        return int(known)


class ShippingAddress(Serializer):
    recipient = serializers.CharField()
    phone = serializers.CharField()
    street = serializers.CharField()
    city = serializers.CharField()
    state = serializers.CharField()
    state_code = serializers.CharField(help_text="ISO 3166-2: IN-KA; or empty")
    postal_code = serializers.CharField()
    country = serializers.CharField()


class OrderShippingMethod(Serializer):
    """How the order is sent, and when it should arrive: as it was promised."""

    id = serializers.UUIDField(source="shipping_method_id", allow_null=True)
    name = serializers.CharField(source="shipping_name")
    delivers_from = serializers.DateField(allow_null=True)
    delivers_until = serializers.DateField(allow_null=True)


class Shipment(Serializer):
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()


class FulfilmentLine(Serializer):
    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField()


class Fulfilment(Serializer):
    """A parcel of the order."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ParcelStatus.choices)
    lines = FulfilmentLine(many=True, source="lines.all")
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()
    shipped_at = Timestamp(allow_null=True)
    delivered_at = Timestamp(allow_null=True)


def show_last_shipment(order: Order) -> object:
    """Return the last parcel that has left, or None before any has."""
    left = [
        parcel for parcel in order.list_related("fulfilments") if parcel.shipped_at
    ]
    return Shipment(left[-1]).data if left else None


def show_card_payments(order: Any) -> object:
    """Return what each gift card paid of an order that `with_lines` has loaded."""
    paid = [
        {"last4": payment.gift_card.last4, "amount": payment.amount}
        for payment in order.card_payments
    ]
    return GiftCardPayment.show_all(paid)


class Step(Serializer):
    """A step that the customer sees: of the order's status, or of its payment."""

    at = Timestamp()
    kind = serializers.ChoiceField(choices=OrderEventKind.choices)
    from_ = serializers.CharField(source="from_status")
    to = serializers.CharField(source="to_status")
    by = serializers.CharField(
        source="actor", help_text="customer, guest, staff, system or gateway"
    )
    note = serializers.CharField()


class ReturnRequestLine(Serializer):
    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    exchange_variant_id = serializers.UUIDField(
        source="variant_id", allow_null=True, help_text="null: the money goes back"
    )
    difference = Money(
        help_text="what the replacements cost more than these pieces did; below 0: less"
    )
    sellable = serializers.IntegerField()
    damaged = serializers.IntegerField(help_text="but accepted")
    refused = serializers.IntegerField()


class ReturnRequest(Serializer):
    """A return that the customer has asked for."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=ReturnStatus.choices)
    reason = serializers.CharField()
    is_withdrawal = serializers.BooleanField()
    note = serializers.CharField(help_text="what staff say to it")
    lines = ReturnRequestLine(many=True, source="lines.all")
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()
    label_url = serializers.CharField(
        help_text="a carrier's own label; the shop's is at …/returns/{id}/label"
    )
    exchange_order_id = serializers.UUIDField(source="exchange_id", allow_null=True)
    created_at = Timestamp()
    send_by = Timestamp(
        allow_null=True, help_text="it is cancelled unless it has arrived by then"
    )
    received_at = Timestamp(allow_null=True)
    closed_at = Timestamp(allow_null=True)


class ExchangedReturn(Serializer):
    number = serializers.CharField()
    order_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ReturnStatus.choices)


class ReturnablePieces(Serializer):
    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField()


class OrderDetail(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    payment_status = serializers.ChoiceField(
        choices=SHOWN_PAYMENT_STATUS, source="shown_payment_status"
    )
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices)
    items = OrderItem(many=True, source="lines.all")
    shipping_address = ShippingAddress(source="*")
    shipping_method = OrderShippingMethod(source="*")
    subtotal = Money()
    discount = Money()
    shipping = Money()
    fees = Fee(many=True)
    tax = Money()
    tax_included = serializers.BooleanField()
    total = Money()
    discounts = serializers.SerializerMethodField()
    taxes = serializers.SerializerMethodField()
    tax_id = serializers.CharField(help_text="a business buyer's, or empty")
    gift_cards = serializers.SerializerMethodField()
    amount_due = Money(help_text="what is still to be paid in cash or online")
    amount_paid = Money()
    amount_refunded = Money(source="refunded")
    refunded = Money()
    waived = Money(
        help_text="not owed any more: cancelled or back before it was paid"
    )
    currency = serializers.CharField()
    coupon_code = serializers.SerializerMethodField()
    fulfilments = serializers.SerializerMethodField()
    shipment = serializers.SerializerMethodField()
    history = serializers.SerializerMethodField()
    returns = ReturnRequest(many=True, source="return_requests.all")
    exchange_of = serializers.SerializerMethodField(
        help_text="the return whose pieces it replaces, and which pays it; or null"
    )
    cancellable = serializers.SerializerMethodField(
        help_text="whether the customer can cancel all of it now"
    )
    returnable = serializers.SerializerMethodField()
    returnable_until = serializers.SerializerMethodField()
    withdrawable_until = serializers.SerializerMethodField()
    created_at = Timestamp()
    expires_at = Timestamp(allow_null=True)
    paid_at = Timestamp(allow_null=True)
    shipped_at = Timestamp(allow_null=True)
    delivered_at = Timestamp(allow_null=True)

    @extend_schema_field(ExchangedReturn(allow_null=True))
    def get_exchange_of(self, order: Order) -> object:
        asked = getattr(order, "exchange_of", None)
        return ExchangedReturn(asked).data if asked else None

    def get_cancellable(self, order: Order) -> bool:
        return order.status in BEFORE_SHIPPING

    @extend_schema_field(ReturnablePieces(many=True))
    def get_returnable(self, order: Order) -> object:
        counts = return_window.count_returnable(order)
        found = [{"line_id": pk, "quantity": count} for pk, count in counts.items()]
        return ReturnablePieces.show_all(found)

    @extend_schema_field(Timestamp(allow_null=True))
    def get_returnable_until(self, order: Order) -> str | None:
        return _show_moment(return_window.returnable_until(order))

    @extend_schema_field(
        Timestamp(
            allow_null=True, help_text="of the contract, where that is a right"
        )
    )
    def get_withdrawable_until(self, order: Order) -> str | None:
        return _show_moment(return_window.withdrawable_until(order))

    def get_coupon_code(self, order: Order) -> str | None:
        return order.coupon_code or None

    @extend_schema_field(GiftCardPayment(many=True))
    def get_gift_cards(self, order: Order) -> object:
        return show_card_payments(order)

    @extend_schema_field(Discount(many=True))
    def get_discounts(self, order: Order) -> object:
        return Discount.show_all(
            each.to_dict() for each in order.list_related("discounts")
        )

    @extend_schema_field(TaxPart(many=True))
    def get_taxes(self, order: Order) -> object:
        return TaxPart.show_all(order.sum_taxes())

    @extend_schema_field(Fulfilment(many=True))
    def get_fulfilments(self, order: Order) -> object:
        left = [
            parcel
            for parcel in order.list_related("fulfilments")
            if parcel.shipped_at
        ]
        return Fulfilment.show_all(left)

    @extend_schema_field(Shipment(allow_null=True))
    def get_shipment(self, order: Order) -> object:
        return show_last_shipment(order)

    @extend_schema_field(Step(many=True))
    def get_history(self, order: Order) -> object:
        return Step.show_all(
            filter(_is_shown_to_customer, order.list_related("events"))
        )


class FoundOrder(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    order_token = serializers.CharField(
        help_text="opens the order for a day: send it as X-Order-Token"
    )


class NotReordered(Serializer):
    name = serializers.CharField()
    sku = serializers.CharField()
    wanted = serializers.IntegerField()
    added = serializers.IntegerField()
    reason = serializers.ChoiceField(
        choices=[
            "variant_not_on_sale",
            "out_of_stock",
            "quantity_limit",
            "cart_full",
        ]
    )


class ReorderedCart(Serializer):
    """The cart, and what of the order is not in it, or not all of it."""

    cart = Cart()
    not_added = NotReordered(many=True)


class WithdrawalOffer(Serializer):
    """What a withdrawal would be about. `until` null: there is no such right, or nothing has
    arrived; what has not left is cancelled instead.
    """

    number = serializers.CharField()
    email = serializers.CharField(help_text="where the confirmation goes")
    until = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()

    @extend_schema_field(Timestamp(allow_null=True))
    def get_until(self, order: Order) -> str | None:
        return _show_moment(return_window.withdrawable_until(order))

    @extend_schema_field(ReturnablePieces(many=True))
    def get_lines(self, order: Order) -> object:
        counts = return_window.count_returnable(order)
        found = [{"line_id": pk, "quantity": count} for pk, count in counts.items()]
        return ReturnablePieces.show_all(found)


def _show_moment(moment: datetime | None) -> str | None:
    return Timestamp().to_representation(moment) if moment else None


def _is_shown_to_customer(event: OrderEvent) -> bool:
    return event.is_public and event.kind != OrderEventKind.MAIL


class Payment(Serializer):
    """How to pay: a page to go to, or a secret for the provider's own form."""

    provider = serializers.CharField()
    client_secret = serializers.CharField(allow_null=True)
    redirect_url = serializers.CharField(allow_null=True)
    public_key = serializers.CharField(allow_null=True)


class PlacedOrder(OrderDetail):
    """The order; for an online one how to pay, unless the provider does not answer just
    now; for a guest the token.
    """

    payment = Payment(allow_null=True)
    token = serializers.CharField(
        allow_null=True, help_text="a guest's: X-Cart-Token opens the order"
    )
    order_token = serializers.CharField(
        allow_null=True,
        help_text="a guest's: as X-Order-Token it opens the order after signing in, too",
    )

    def to_representation(
        self, placed: "checkout.PlacedOrder"
    ) -> dict[str, object]:
        """Return the order, and what only its placing tells."""
        order = placed.order
        # only shown here
        order.payment, order.token = placed.payment, placed.token  # type: ignore[attr-defined]
        link = order_links.sign_link(order) if order.user_id is None else None
        order.order_token = link  # type: ignore[attr-defined]  # as above
        return super().to_representation(order)


OrderPage = page_of(OrderDetail)


class GiftCardBalance(Serializer):
    last4 = serializers.CharField()
    balance = Money()
    currency = serializers.CharField()
    expires_at = Timestamp(allow_null=True)
    usable = serializers.BooleanField(help_text="whether one can pay with it now")


class StoreCreditEntry(Serializer):
    kind = serializers.ChoiceField(choices=GiftCardEntryKind.choices)
    amount = Money()
    order_number = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    at = Timestamp()


class StoreCredit(Serializer):
    balance = Money()
    currency = serializers.CharField()
    entries = StoreCreditEntry(many=True, help_text="the last 50, newest first")
