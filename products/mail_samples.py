"""What the previews of the mails about stock show: a variant that is in no shop."""

from django.conf import settings

from products.models import Product, StockLevel, Variant


def _sample_variant() -> Variant:
    return Variant(
        product=Product(name="Linen shirt", slug="linen-shirt"),
        sku="LIN-M-IND",
        size="M",
        color="Indigo",
    )


def _back_in_stock() -> dict[str, object]:
    variant = _sample_variant()
    return {"variant": variant, "product": variant.product}


def _low_stock() -> dict[str, object]:
    level = StockLevel(variant=_sample_variant(), on_hand=3, reserved=1)
    level.sellable = 2  # the database reckons it, and there is none
    return {
        "levels": [level],
        "threshold": settings.LOW_STOCK_AT,
    }


SAMPLES = {
    "products/back_in_stock": _back_in_stock,
    "products/low_stock": _low_stock,
}
