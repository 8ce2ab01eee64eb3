"""Makers of the catalogue's rows: plain functions, everything has a default, any column can
be given by name.
"""

from itertools import count
from typing import Any

from products.models import (
    Category,
    Product,
    ProductImage,
    Purchase,
    Review,
    SizeChart,
    SizeChartEntry,
    StockLevel,
    StockMovement,
    Variant,
)

_numbers = count(1)


def make_category(**overrides: Any) -> Category:
    """Make a category of the top level, or with `parent=` below another; `ancestors` is as
    the database made it.
    """
    number = next(_numbers)
    category = Category.objects.create(
        **{"name": f"Category {number}", "slug": f"category-{number}"} | overrides
    )
    category.refresh_from_db()
    return category


def make_product(*, variants: int = 0, stock: int = 5, **overrides: Any) -> Product:
    """Make a published product, and on request so many variants of it, each with this stock."""
    number = next(_numbers)
    defaults = {
        "name": f"Product {number}",
        "slug": f"product-{number}",
        "base_price": "1000.00",
        "status": "published",
        "category": overrides.get("category") or make_category(),
    }
    product = Product.objects.create(**defaults | overrides)
    for position in range(variants):
        make_variant(product=product, stock=stock, position=position)
    product.refresh_from_db()  # what the database generates
    return product


def make_variant(
    *,
    stock: int = 5,
    policy: str = "deny",
    product: Product | None = None,
    **overrides: Any,
) -> Variant:
    """Make a variant, of a product of its own unless one is given, with so many pieces on
    the shelf and the ledger. An untracked one has none.
    """
    stock = 0 if policy == "untracked" else stock
    number = next(_numbers)
    product = product or make_product()
    defaults = {"sku": f"SKU-{number}", "size": f"S{number}", "color": "Black"}
    variant = Variant.objects.create(product=product, **defaults | overrides)
    StockLevel.objects.create(
        variant=variant, on_hand=stock, inventory_policy=policy
    )
    StockMovement.objects.create(
        variant=variant,
        kind="initial",
        d_on_hand=stock,
        ref=f"initial:{variant.pk}",
    )
    if (stock or policy != "deny") and variant.is_active and not product.in_stock:
        Product.objects.filter(pk=product.pk).update(in_stock=True)
        product.in_stock = True
    return variant


def make_image(*, product: Product | None = None, **overrides: Any) -> ProductImage:
    """Make an image that is linked to, not stored."""
    product = product or make_product()
    number = next(_numbers)
    defaults = {
        "external_url": f"https://img.example/{number}.jpg",
        "alt_text": f"Image {number}",
        "position": product.images.count(),
    }
    return ProductImage.objects.create(product=product, **defaults | overrides)


def make_review(
    *, product: Product | None = None, user: Any = None, **overrides: Any
) -> Review:
    """Make a published review by a customer of its own unless one is given."""
    from tests.factories import make_user

    defaults = {"rating": 4, "comment": "Fits well."}
    return Review.objects.create(
        product=product or make_product(),
        user=user or make_user(),
        **defaults | overrides,
    )


def make_purchase(*, product: Product, user: Any) -> Purchase:
    """Make it so that this customer has received the product."""
    return Purchase.objects.create(product=product, user=user)


def make_size_chart(
    *, category: Category | None = None, **overrides: Any
) -> SizeChart:
    """Make a chart of two sizes and two measures: chest and waist of S and M."""
    chart = SizeChart.objects.create(
        category=category or make_category(), **{"title": "Tops"} | overrides
    )
    table = {
        "S": (("88.0", "92.0"), ("74.0", "78.0")),
        "M": (("93.0", "97.0"), ("79.0", "83.0")),
    }
    for row, (size, cells) in enumerate(table.items()):
        for column, (measure, (low, high)) in enumerate(
            zip(("chest", "waist"), cells, strict=True)
        ):
            place = {"row": row, "column": column, "min_cm": low, "max_cm": high}
            SizeChartEntry.objects.create(
                chart=chart, size=size, measure=measure, **place
            )
    return chart
