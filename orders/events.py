"""What happened to orders, for the outbox: ids only. By `natural_id` each follow-up happens
once an order or refund.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class _OfOrder:
    order_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.order_id)


@dataclass(frozen=True)
class OrderPlaced(_OfOrder):
    name: ClassVar[str] = "order.placed"


@dataclass(frozen=True)
class OrderPaid(_OfOrder):
    name: ClassVar[str] = "order.paid"


@dataclass(frozen=True)
class ParcelShipped:
    """A parcel has left; `attempt` counts how often it was sent."""

    name: ClassVar[str] = "order.shipped"
    order_id: UUID
    fulfilment_id: UUID
    attempt: int

    @property
    def natural_id(self) -> str:
        return f"{self.fulfilment_id}:{self.attempt}"


@dataclass(frozen=True)
class ParcelUndelivered(ParcelShipped):
    name: ClassVar[str] = "order.undelivered"


@dataclass(frozen=True)
class ParcelDelivered:
    name: ClassVar[str] = "order.delivered"
    order_id: UUID
    fulfilment_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.fulfilment_id)


@dataclass(frozen=True)
class PaymentLinkWanted:
    """Staff want the customer to have the link under which the order can be paid."""

    name: ClassVar[str] = "order.payment_link_wanted"
    order_id: UUID
    wanted_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.wanted_id)


@dataclass(frozen=True)
class TrackingCorrected:
    """The customer knows a tracking number that was wrong."""

    name: ClassVar[str] = "order.tracking_corrected"
    order_id: UUID
    fulfilment_id: UUID
    change_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.change_id)


@dataclass(frozen=True)
class PiecesCancelled:
    """Some pieces of an order will not be sent; the rest will."""

    name: ClassVar[str] = "order.pieces_cancelled"
    order_id: UUID
    cancellation_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.cancellation_id)


@dataclass(frozen=True)
class OrderCancelled(_OfOrder):
    name: ClassVar[str] = "order.cancelled"


@dataclass(frozen=True)
class GoodsReturned:
    name: ClassVar[str] = "order.returned"
    order_id: UUID
    return_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.return_id)


@dataclass(frozen=True)
class ReturnMoved:
    """A return that a customer asked for has reached this status, the first one included."""

    name: ClassVar[str] = "order.return_moved"
    order_id: UUID
    return_request_id: UUID
    status: str

    @property
    def natural_id(self) -> str:
        return f"{self.return_request_id}:{self.status}"


@dataclass(frozen=True)
class _OfRefund:
    order_id: UUID
    refund_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.refund_id)


@dataclass(frozen=True)
class RefundRequested(_OfRefund):
    name: ClassVar[str] = "refund.requested"


@dataclass(frozen=True)
class RefundMade(_OfRefund):
    name: ClassVar[str] = "refund.made"


@dataclass(frozen=True)
class PersonNeeded:
    """Something about an order that no program should decide; told anew each time."""

    name: ClassVar[str] = "order.person_needed"
    order_id: UUID


@dataclass(frozen=True)
class PaymentAbandoned:
    """An open payment whose order is cancelled: the provider is told, so that it cannot
    succeed any more.
    """

    name: ClassVar[str] = "payment.abandoned"
    payment_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.payment_id)


@dataclass(frozen=True)
class MailWanted:
    """Staff want a mail of the order to go out once more."""

    name: ClassVar[str] = "order.mail_wanted"
    order_id: UUID
    mail_name: str  # of orders.services.mails.MAILS
    wanted_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.wanted_id)


@dataclass(frozen=True)
class ChargeTold:
    """A provider has told of money, and only it can say for which payment, or what it is."""

    name: ClassVar[str] = "payment.charge_told"
    provider: str
    charge_ref: str


@dataclass(frozen=True)
class PayoutTold:
    """A provider has told of a payout; what is in it has to be asked for."""

    name: ClassVar[str] = "payment.payout_told"
    provider: str
    payout_ref: str

    @property
    def natural_id(self) -> str:
        return f"{self.provider}:{self.payout_ref}"


@dataclass(frozen=True)
class InvoiceIssued:
    """An invoice, a note or a voucher is written; its PDF is not."""

    name: ClassVar[str] = "invoice.issued"
    order_id: UUID
    invoice_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.invoice_id)


@dataclass(frozen=True)
class GiftCardIssued:
    """A card has money on it, or once more is to be mailed: `wanted_id` is the wish's."""

    name: ClassVar[str] = "gift_card.issued"
    gift_card_id: UUID
    wanted_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.wanted_id)


@dataclass(frozen=True)
class StoreCreditGranted:
    """A customer has got store credit; `entry_id` says how much."""

    name: ClassVar[str] = "store_credit.granted"
    entry_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.entry_id)
