"""Which versions of the shop's taxes and shipping hold: read with the cart, they let a process use
again what it has read before (`markrin/cache/data_versions.py`).
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from markrin.cache.data_versions import version_sql
from orders.models import Cart

# Whether a customer is in a group changes with each order. Where groups matter, nothing is kept.
TAX_VERSION: Final = version_sql(
    "tax", unless="EXISTS (SELECT FROM orders_taxsettings_exempt_groups)"
)
SHIPPING_VERSION: Final = version_sql(
    "shipping", unless="EXISTS (SELECT FROM orders_shippingmethod_customer_groups)"
)
RULE_VERSIONS: Final = (
    f"{TAX_VERSION} AS tax_version, {SHIPPING_VERSION} AS shipping_version"
)


@dataclass(frozen=True)
class RuleVersions:
    """The versions at one moment; None: not known, or nothing may be kept."""

    tax: UUID | None = None
    shipping: UUID | None = None


def versions_with(cart: Cart | None) -> RuleVersions:
    """Return the versions that `cart_lookup` has read with the cart."""
    return RuleVersions(
        getattr(cart, "tax_version", None), getattr(cart, "shipping_version", None)
    )
