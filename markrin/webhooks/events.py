"""What happens to deliveries, for the outbox."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class DeliveryDue:
    """An event waits to be sent to an endpoint; `turn` counts how often staff wanted it."""

    name: ClassVar[str] = "webhook.delivery_due"
    delivery_id: UUID
    turn: int

    @property
    def natural_id(self) -> str:
        return f"{self.delivery_id}:{self.turn}"


@dataclass(frozen=True)
class EndpointFailing:
    """An endpoint takes nothing, or was switched off for it: staff are told once each time."""

    name: ClassVar[str] = "webhook.endpoint_failing"
    endpoint_id: UUID
    is_off: bool
    told: str  # what tells this time from a later one
    recipient: int  # a place in STAFF_MAIL

    @property
    def natural_id(self) -> str:
        return f"{self.endpoint_id}:{self.is_off}:{self.told}:{self.recipient}"
