"""How collections go out."""

from rest_framework import serializers

from markrin.api.serializers import Money, Serializer, Timestamp
from products.models.collection import CollectionOrder
from products.serializers.products import Seo


class Collection(Serializer):
    """A collection; its products are those of `/api/products?inCollection=` and its slug."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField(min_value=0)
    sort = serializers.ChoiceField(
        choices=CollectionOrder.choices,
        help_text="of what staff have not put into an order; what they have comes first",
    )
    seo = Seo(source="*")
    updated_at = Timestamp()


class Collections(Serializer):
    """The collections that have a page, in their order."""

    items = Collection(many=True)


class StaffCollection(Collection):
    """A collection with its rule, and the products that staff have put into an order. A condition
    that is null or empty does not narrow it.
    """

    is_published = serializers.BooleanField()
    by_rule = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    labels = serializers.ListField(child=serializers.CharField())
    category_id = serializers.UUIDField(allow_null=True)
    min_price = Money(allow_null=True)
    max_price = Money(allow_null=True)
    in_stock = serializers.BooleanField(allow_null=True)
    on_sale = serializers.BooleanField(allow_null=True)
    max_age_days = serializers.IntegerField(allow_null=True, min_value=1)
    min_sold = serializers.IntegerField(allow_null=True, min_value=0)
    product_ids = serializers.ListField(child=serializers.UUIDField())


class StaffCollections(Serializer):
    """All collections, in their order."""

    items = StaffCollection(many=True)
