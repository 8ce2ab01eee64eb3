"""How large the demo is, and the small tools that make it the same each time: ids, moments
and money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings

T = TypeVar("T")
SOURCE = "demo"  # Product.source of everything made here
PRODUCTS = 300
TRADE_DAYS = 90


@dataclass(frozen=True)
class Plan:
    """What is made: everything ends before midnight (shop time) of `today`, and follows
    from these values alone.
    """

    today: date
    products: int = PRODUCTS
    scaled: bool = False

    @cached_property
    def midnight(self) -> datetime:
        """The end of the demo's time: the start of `today` in the shop's time zone, as UTC."""
        return datetime.combine(
            self.today, time(), ZoneInfo(settings.SHOP_TIME_ZONE)
        ).astimezone(UTC)

    @property
    def customers(self) -> int:
        return max(60, self.products) if self.scaled else 60

    @property
    def reviews(self) -> int:
        return self.products * 10 if self.scaled else 600

    @property
    def orders(self) -> int:
        return self.products * 5 if self.scaled else 420

    def random(self, purpose: str) -> Random:
        """Return a generator for one purpose, so that a change of one does not shift the
        others.
        """
        return Random(f"markrin:{purpose}:{self.products}")


def make_uuid(kind: str, number: int, at: datetime) -> str:
    """Return the UUIDv7 of the number-th thing of its kind, created at this moment. Source:
    RFC 9562 section 5.7.
    """
    noise = int.from_bytes(
        blake2b(f"{kind}:{number}".encode(), digest_size=10).digest()
    )
    value = (
        int(at.timestamp() * 1000) << 80
        | 7 << 76
        | (noise >> 62 & 0xFFF) << 64
        | 2 << 62
        | noise & (1 << 62) - 1
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def pick_before(
    moment: datetime, rng: Random, *, low_days: float, high_days: float
) -> datetime:
    """Return a moment that lies between so many days before this one, to the second."""
    return moment - timedelta(
        seconds=round(rng.uniform(low_days, high_days) * 86_400)
    )


def pick_after(
    moment: datetime, rng: Random, low_h: float, high_h: float
) -> datetime:
    """Return a moment that lies between so many hours after this one, to the second."""
    return moment + timedelta(seconds=round(rng.uniform(low_h, high_h) * 3600))


def pick_weighted(
    rng: Random, values: Sequence[T], weights: tuple[float, ...]
) -> T:
    """Return one of the values, as often as its weight says."""
    return rng.choices(values, cum_weights=_add_up(weights))[0]


@cache
def _add_up(weights: tuple[float, ...]) -> list[float]:
    return list(accumulate(weights))


def format_amount(paise: int) -> str:
    """Return an amount of hundredths as PostgreSQL and the API write it."""
    return f"{paise // 100}.{paise % 100:02d}"


def half_up(part: int, divisor: int) -> int:
    """Return part / whole of non-negative integers, rounded half up."""
    return (2 * part + divisor) // (2 * divisor)
