"""Reads products as an import compares them: every field, images by where they came from."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from products.importing.exporter import (
    get_image_address,
    load_category_paths,
    load_further_categories,
)
from products.importing.merging import ShopState
from products.importing.schemas import ImportedImage, ImportedProduct
from products.models import (
    Gender,
    Product,
    ProductImage,
    ProductStatus,
    Variant,
)

PLAIN = (
    "name",
    "slug",
    "description",
    "brand",
    "collection",
    "material",
    "base_price",
    "sale_price",
    "sale_starts_at",
    "sale_ends_at",
    "tags",
    "is_gift_card",
    "is_featured",
    "is_new_arrival",
    "seo_title",
    "seo_description",
)


def load_states(products: Iterable[Product]) -> dict[UUID, ShopState]:
    """Return these products as they are in the shop, by id. Four queries."""
    products = list(products)
    ids = [product.pk for product in products]
    paths = load_category_paths()
    further = load_further_categories(ids)
    images: dict[UUID, list[ProductImage]] = defaultdict(list)
    for image in ProductImage.objects.filter(product__in=ids).order_by(
        "position", "pk"
    ):
        images[image.product_id].append(image)
    variants: dict[UUID, list[Variant]] = defaultdict(list)
    rows = Variant.objects.filter(product__in=ids).select_related("stock")
    for variant in rows.order_by("position", "pk"):
        variants[variant.product_id].append(variant)
    return {
        product.pk: ShopState(
            product.pk,
            replace(
                _read(product, paths[product.category_id], images[product.pk]),
                also_in=[paths[pk] for pk in further[product.pk]],
            ),
            variants[product.pk],
        )
        for product in products
    }


def _read(
    product: Product, path: list[str], images: list[ProductImage]
) -> ImportedProduct:
    return ImportedProduct(
        **{name: getattr(product, name) for name in PLAIN},
        category=path,
        gender=Gender(product.gender),
        status=ProductStatus(product.status),
        images=[
            ImportedImage(
                url=image.source_url or get_image_address(image),
                alt_text=image.alt_text,
                color=image.color,
            )
            for image in images
        ],
    )
