"""How products go out."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markrin.api.serializers import Money, Serializer, Timestamp, page_of
from products.models import Gender, InventoryPolicy, MovementKind, ProductStatus
from products.serializers.categories import CategoryLink, SizeChart


def get_image_url(image: Mapping[str, Any]) -> str:
    """Return where an image's row is to be had: on our own storage, or where it is linked to."""
    return (
        storages["default"].url(image["file"])
        if image["file"]
        else str(image["external_url"])
    )


@extend_schema_field({"type": "string"})
class _Url(serializers.Field[Any, Any, str, Any]):
    def __init__(self) -> None:
        super().__init__(source="*")

    def to_representation(self, value: Mapping[str, object]) -> str:
        return get_image_url(value)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class _Thumbnails(serializers.Field[Any, Any, dict[str, str], Any]):
    """Addresses by the longest side in pixels; none for an image that is only linked to."""

    def to_representation(self, value: Mapping[str, str]) -> dict[str, str]:
        url = storages["default"].url  # what default_storage is a slower way to
        return {side: url(name) for side, name in value.items()}


@extend_schema_field({"type": "string"})
class _Currency(serializers.Field[object, object, str, object]):
    """The shop's currency. Source: ISO 4217."""

    def __init__(self) -> None:
        super().__init__(source="*")

    def to_representation(self, value: object) -> str:
        return str(settings.SHOP_CURRENCY)


class CardImage(Serializer):
    """The first of a product's images. One that was uploaded has its size in pixels, and
    thumbnails by their longest side in pixels.
    """

    url = _Url()
    alt_text = serializers.CharField()
    thumbnails = _Thumbnails()
    width = serializers.IntegerField(allow_null=True, min_value=1)
    height = serializers.IntegerField(allow_null=True, min_value=1)


class ProductItem(Serializer):
    """A product in a list."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()
    category = CategoryLink()
    collection = serializers.CharField()
    gender = serializers.ChoiceField(choices=Gender.choices)
    material = serializers.CharField()
    base_price = Money()
    sale_price = Money(allow_null=True)
    price = Money()
    price_max = Money()
    sale_ends_at = Timestamp(allow_null=True)
    lowest_prior_price = Money(allow_null=True)
    currency = _Currency()
    in_stock = serializers.BooleanField()
    is_featured = serializers.BooleanField()
    is_new_arrival = serializers.BooleanField()
    rating = serializers.FloatField(allow_null=True, min_value=1, max_value=5)
    review_count = serializers.IntegerField(min_value=0)
    colors = serializers.ListField(child=serializers.CharField())
    sizes = serializers.ListField(child=serializers.CharField())
    image = CardImage(allow_null=True)
    created_at = Timestamp()


class StaffProductItem(ProductItem):
    """A product in a list for staff."""

    status = serializers.ChoiceField(choices=ProductStatus.choices)
    skus = serializers.ListField(
        child=serializers.CharField(), help_text="of its variants on sale"
    )
    count_in_stock = serializers.IntegerField(
        help_text="pieces of its variants on sale that can be sold"
    )


class FacetValue(Serializer):
    """A value to filter by, and how many products it would leave; categories have their
    name besides the slug.
    """

    value = serializers.CharField()
    name = serializers.CharField(required=False)
    count = serializers.IntegerField(min_value=1)


class PriceRange(Serializer):
    """The lowest and the highest price, in the shop's currency."""

    min = Money(allow_null=True, source="lowest")
    max = Money(allow_null=True, source="highest")


class Facets(Serializer):
    """How many products each value would leave, every facet counted with the other filters
    applied.
    """

    category = FacetValue(many=True, source="values.category")
    brand = FacetValue(many=True, source="values.brand")
    color = FacetValue(many=True, source="values.color")
    color_family = FacetValue(many=True, source="values.color_family")
    size = FacetValue(many=True, source="values.size")
    gender = FacetValue(many=True, source="values.gender")
    material = FacetValue(many=True, source="values.material")
    price = PriceRange(source="*")


class _WithFacets:
    """Adds the facets, where they were asked for, to a page, and of a search that it finds more
    than it counts, and what it was taken for.
    """

    fields: dict[str, Any]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        # page_of's class
        shown: dict[str, Any] = super().to_representation(instance.page)  # type: ignore[misc]
        if instance.more:
            shown["more"] = True
        if instance.search is not None and instance.search.corrected_to is not None:
            shown["correctedTo"] = instance.search.corrected_to
        if instance.search is not None and instance.search.not_found:
            shown["notFound"] = list(instance.search.not_found)
        if instance.suggestions:
            shown["suggestions"] = list(instance.suggestions)
        if instance.facets is not None:
            shown["facets"] = self.fields["facets"].to_representation(
                instance.facets
            )
        return shown


class ProductItemPage(page_of(ProductItem)):  # type: ignore[misc]  # made at run time
    """A page of products."""


class ProductPage(_WithFacets, page_of(ProductItem)):  # type: ignore[misc]  # made at run time
    """A page of products, with facets if they were asked for. A search shows its best 1,000
    and, unless there are facets, counts no further: `more` is there, and true, where it
    finds more than `total`. `correctedTo` is what a mistyped search was taken for. Where no
    product has all of the words, `notFound` are those that were left out, the items are
    what comes nearest, and `suggestions` what others search for and find."""

    more = serializers.BooleanField(required=False)
    corrected_to = serializers.CharField(required=False)
    not_found = serializers.ListField(child=serializers.CharField(), required=False)
    suggestions = serializers.ListField(
        child=serializers.CharField(), required=False
    )
    facets = Facets(required=False)


# made at run time
class StaffProductPage(_WithFacets, page_of(StaffProductItem)):  # type: ignore[misc]
    """A page of products of any status, with facets if they were asked for; of a search as
    in `ProductPage`.
    """

    more = serializers.BooleanField(required=False)
    corrected_to = serializers.CharField(required=False)
    not_found = serializers.ListField(child=serializers.CharField(), required=False)
    facets = Facets(required=False)


class SuggestedProduct(Serializer):
    """A product as a list of suggestions shows it."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()
    base_price = Money()
    sale_price = Money(allow_null=True)
    price = Money()
    price_max = Money()
    currency = _Currency()
    image = CardImage(allow_null=True)


class Suggestions(Serializer):
    """What fits a text that is still being typed, at most five of each kind: products, the best
    first; categories; brands; what others search for and find. `correctedTo` as in
    `ProductPage`.
    """

    products = SuggestedProduct(many=True)
    categories = CategoryLink(many=True)
    brands = serializers.ListField(child=serializers.CharField())
    searches = serializers.ListField(child=serializers.CharField())
    corrected_to = serializers.CharField(
        source="query.corrected_to", allow_null=True
    )


class ProductItems(Serializer):
    """A short list without pages."""

    items = ProductItem(many=True)


class ProductImage(CardImage):
    """An image of a product, and the colour of its variants that it shows; "": none in
    particular.
    """

    id = serializers.UUIDField()
    color = serializers.CharField()


class Color(Serializer):
    """A colour as the shop names it: what it looks like, by its hex digits or a picture, and the
    family that it is found and filtered by.
    """

    name = serializers.CharField()
    family = serializers.CharField()
    hex = serializers.CharField(allow_null=True)
    picture = serializers.CharField(allow_null=True)


class Colors(Serializer):
    """All colours of the shop, by family and name."""

    items = Color(many=True)


class Variant(Serializer):
    """A size and colour that can be chosen. `countInStock` is how many pieces are there for sale;
    `inStock` says whether it can be bought, which by its `inventoryPolicy` it may be without.

    `price` is what it costs now: `salePrice` while a sale is on, else `basePrice`.
    `lowestPriorPrice` is the lowest of the 30 days before that sale began."""

    id = serializers.UUIDField()
    sku = serializers.CharField()
    size = serializers.CharField()
    color = serializers.CharField()
    base_price = Money()
    sale_price = Money(allow_null=True)
    price = Money()
    sale_ends_at = Timestamp(allow_null=True)
    lowest_prior_price = Money(allow_null=True)
    barcode = serializers.CharField()
    weight_g = serializers.IntegerField(allow_null=True, min_value=1)
    count_in_stock = serializers.IntegerField(min_value=0)
    in_stock = serializers.BooleanField()
    inventory_policy = serializers.ChoiceField(
        choices=InventoryPolicy.choices,
        help_text="deny: only what is there; continue: also on back order; untracked: not counted",
    )


class StaffVariant(Variant):
    """A variant with its stock level: pieces on hand, and how many of them are reserved for
    orders. Its prices are its own, or null where they are the product's.
    """

    base_price = Money(allow_null=True, source="own_base_price")
    sale_price = Money(allow_null=True, source="own_sale_price")
    sale_starts_at = Timestamp(allow_null=True, source="own_sale_starts_at")
    sale_ends_at = Timestamp(allow_null=True, source="own_sale_ends_at")
    hs_code = serializers.CharField()
    origin_country = serializers.CharField()
    bin_location = serializers.CharField()
    cost_price = Money(allow_null=True)
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()
    on_hand = serializers.IntegerField(min_value=0)
    reserved = serializers.IntegerField(min_value=0)


def _make_counters(
    name: str, said: str, prefix: str, *keys: str
) -> type[Serializer]:
    counted: dict[str, object] = {
        key: serializers.IntegerField(min_value=0, source=f"{prefix}_{key}")
        for key in keys
    }
    return type(name, (Serializer,), {**counted, "__doc__": said})


RatingHistogram = _make_counters(
    "RatingHistogram", "Reviews by their stars.", "rated", "1", "2", "3", "4", "5"
)
FitCounts = _make_counters(
    "FitCounts",
    "Reviews by how they found the fit.",
    "fit",
    "small",
    "true",
    "large",
)


class Seo(Serializer):
    """What a search engine is to show."""

    title = serializers.CharField(source="seo_title")
    description = serializers.CharField(source="seo_description")


class ProductDetail(ProductItem):
    """A product in full."""

    description = serializers.CharField()
    is_gift_card = serializers.BooleanField(
        help_text="each piece is a gift card of its price"
    )
    tags = serializers.ListField(child=serializers.CharField())
    images = ProductImage(many=True)
    variants = Variant(many=True)
    category_path = CategoryLink(many=True)
    also_in = CategoryLink(many=True, help_text="further categories that list it")
    size_chart = SizeChart(allow_null=True)
    rating_histogram = RatingHistogram(source="*")
    fit = FitCounts(source="*")
    seo = Seo(source="*")
    updated_at = Timestamp()


class StaffProductDetail(ProductDetail):
    """A product of any status with all its variants; prices as they are set, beside `price`,
    which is what the list shows now.
    """

    base_price = Money(source="own_base_price")
    sale_price = Money(allow_null=True, source="own_sale_price")
    sale_starts_at = Timestamp(allow_null=True, source="own_sale_starts_at")
    sale_ends_at = Timestamp(allow_null=True, source="own_sale_ends_at")
    status = serializers.ChoiceField(choices=ProductStatus.choices)
    tax_class = serializers.CharField(
        allow_null=True, help_text="its own; null: the category's"
    )
    popularity = serializers.IntegerField(min_value=0)
    variants = StaffVariant(many=True)


class StockMovement(Serializer):
    """An entry of the stock's ledger, in pieces."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=MovementKind.choices)
    on_hand = serializers.IntegerField(source="d_on_hand")
    reserved = serializers.IntegerField(source="d_reserved")
    ref = serializers.CharField()
    actor_id = serializers.UUIDField(allow_null=True)
    note = serializers.CharField()
    created_at = Timestamp()


class StockMovementPage(page_of(StockMovement)):  # type: ignore[misc]  # made at run time
    """A page of the stock's ledger."""


class BulkProblem(Serializer):
    """What is wrong at a place of the product."""

    pointer = serializers.CharField(required=False)
    code = serializers.CharField()
    message = serializers.CharField()


class BulkResult(Serializer):
    """What became of one product of a bulk call."""

    index = serializers.IntegerField(min_value=0, help_text="its place in `items`")
    status = serializers.ChoiceField(choices=["created", "replaced", "refused"])
    id = serializers.UUIDField(allow_null=True)
    code = serializers.CharField(
        help_text="of the refusal, as in /api/errors; or empty"
    )
    detail = serializers.CharField()
    errors = BulkProblem(many=True)  # type: ignore[assignment]  # DRF takes it out of the class


class BulkResults(Serializer):
    """One result for each product, in their order."""

    items = BulkResult(many=True)
    created = serializers.IntegerField(min_value=0)
    replaced = serializers.IntegerField(min_value=0)
    refused = serializers.IntegerField(min_value=0)
