"""A changed row → the cached answers that go. A bulk write sends no signal: whoever makes
one touches by hand.
"""

from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import Signal, receiver

from markrin.cache.tags import invalidate
from products.models import (
    Category,
    Collection,
    CollectionProduct,
    Color,
    FormerSlug,
    IgnoredWord,
    Product,
    ProductImage,
    Review,
    SearchPin,
    SizeChart,
    SizeChartEntry,
    SynonymGroup,
    Variant,
)

_CHANGED: list[Signal] = [post_save, post_delete]


@receiver(_CHANGED, sender=Product)
def product_changed(instance: Product, **kwargs: object) -> None:
    # Not the categories, which every product's page names; where they count their products,
    # that answer is a list.
    invalidate(f"product:{instance.pk}", f"reviews:{instance.pk}", "products")


@receiver(_CHANGED, sender=Variant)
@receiver(_CHANGED, sender=ProductImage)
def part_changed(instance: Variant | ProductImage, **kwargs: object) -> None:
    invalidate(f"product:{instance.product_id}", "products")


@receiver(_CHANGED, sender=Color)
@receiver(_CHANGED, sender=IgnoredWord)
@receiver(_CHANGED, sender=SearchPin)
@receiver(_CHANGED, sender=SynonymGroup)
def search_changed(
    instance: Color | IgnoredWord | SearchPin | SynonymGroup, **kwargs: object
) -> None:
    invalidate("products")  # lists are what searches are answered by


@receiver(_CHANGED, sender=FormerSlug)
def former_slug_changed(instance: FormerSlug, **kwargs: object) -> None:
    invalidate("products")  # under which a slug that leads nowhere is remembered


@receiver(_CHANGED, sender=Review)
def review_changed(instance: Review, **kwargs: object) -> None:
    # Lists show the rating, too.
    invalidate(
        f"product:{instance.product_id}",
        f"reviews:{instance.product_id}",
        "products",
    )


@receiver(_CHANGED, sender=Category)
def category_changed(instance: Category, **kwargs: object) -> None:
    invalidate("categories")


@receiver(_CHANGED, sender=Collection)
@receiver(_CHANGED, sender=CollectionProduct)
def collection_changed(
    instance: Collection | CollectionProduct, **kwargs: object
) -> None:
    invalidate("collections", "products")  # lists show what is in one


@receiver(m2m_changed, sender=Product.also_in.through)
def other_categories_changed(instance: Product, **kwargs: object) -> None:
    invalidate(f"product:{instance.pk}", "products")


@receiver(_CHANGED, sender=SizeChart)
@receiver(_CHANGED, sender=SizeChartEntry)
def size_chart_changed(
    instance: SizeChart | SizeChartEntry, **kwargs: object
) -> None:
    invalidate("size-charts")
