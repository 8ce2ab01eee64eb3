"""What happened in the catalogue, for the outbox."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class StockChanged:
    """Pieces of these variants were moved, or may be sold without stock from now on, or no more.
    At most a cart's or a feed chunk's worth of variants.
    """

    name: ClassVar[str] = "stock.changed"
    variant_ids: tuple[UUID, ...]
    policy_changed: bool = False


@dataclass(frozen=True)
class FeedStaged:
    """An inventory feed is ready to be applied."""

    name: ClassVar[str] = "feed.staged"
    feed_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.feed_id)


@dataclass(frozen=True)
class VariantCameBack:
    """A variant that somebody waits for can be bought again; `round` tells this time from a
    later one.
    """

    name: ClassVar[str] = "stock.came_back"
    request_id: UUID
    round: int

    @property
    def natural_id(self) -> str:
        return f"{self.request_id}:{self.round}"


@dataclass(frozen=True)
class VariantsRanLow:
    """Variants have fallen to few pieces. `recipient` is a place in STAFF_MAIL, as an event
    holds no address; `round` tells this time from a later one."""

    name: ClassVar[str] = "stock.ran_low"
    variant_ids: tuple[UUID, ...]
    recipient: int
    round: int

    @property
    def natural_id(self) -> str:
        return f"{self.variant_ids[0]}:{self.round}:{self.recipient}"


@dataclass(frozen=True)
class BulkChangeStarted:
    """A change of many products has begun to be previewed, applied or undone, and is too
    large for one request.
    """

    name: ClassVar[str] = "bulk_change.started"
    change_id: UUID


@dataclass(frozen=True)
class PicturesQueued:
    """Linked pictures wait to be copied in."""

    name: ClassVar[str] = "pictures.queued"


@dataclass(frozen=True)
class ImportStarted:
    """A file that staff have uploaded is to be tried, or imported."""

    name: ClassVar[str] = "import.started"
    import_id: UUID
