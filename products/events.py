"""What happened in the catalogue, for the outbox."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class StockChanged:
    """Pieces of these variants were moved. At most a cart's or a feed chunk's worth of variants."""

    name: ClassVar[str] = "stock.changed"
    variant_ids: tuple[UUID, ...]
