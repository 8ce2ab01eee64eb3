"""What tests make their rows with: `make_variant(stock=5)`, `make_order()`; a module per
app, all of it found here.
"""

from tests.factories.accounts import PASSWORD, make_address, make_user
from tests.factories.orders import (
    SHIPPING_ADDRESS,
    age,
    key,
    make_cart_line,
    make_coupon,
    make_draft,
    make_gift_card,
    make_order,
    make_promotion,
    move_to,
    order_body,
)
from tests.factories.products import (
    make_category,
    make_image,
    make_product,
    make_purchase,
    make_review,
    make_size_chart,
    make_variant,
)
from tests.factories.taxes import make_tax, use_tax_preset

__all__ = [
    "PASSWORD",
    "SHIPPING_ADDRESS",
    "age",
    "key",
    "make_address",
    "make_cart_line",
    "make_category",
    "make_coupon",
    "make_draft",
    "make_gift_card",
    "make_image",
    "make_order",
    "make_product",
    "make_promotion",
    "make_purchase",
    "make_review",
    "make_size_chart",
    "make_tax",
    "make_user",
    "make_variant",
    "move_to",
    "order_body",
    "use_tax_preset",
]
