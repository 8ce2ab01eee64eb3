"""How categories and size charts go out."""

from functools import cache
from typing import Any

from django.core.files.storage import storages
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markrin.api.serializers import Serializer


class CategoryLink(Serializer):
    """A category, as something else refers to it."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


@extend_schema_field({"type": ["string", "null"]})
class _ImageUrl(serializers.Field[Any, Any, str | None, Any]):
    def to_representation(self, value: str) -> str | None:
        return storages["default"].url(value) if value else None


@extend_schema_field(
    {"type": "array", "items": {"$ref": "#/components/schemas/Category"}}
)
class _Children(serializers.Field[Any, Any, list[dict[str, object]], Any]):
    def to_representation(
        self, value: list[dict[str, object]]
    ) -> list[dict[str, object]]:
        shown = _shown_category()
        return [shown.to_representation(each) for each in value]


class Category(Serializer):
    """A category with the tree below it; `productCount` counts the published products of
    the whole subtree.
    """

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    image = _ImageUrl()
    parent_id = serializers.UUIDField(allow_null=True)
    position = serializers.IntegerField(min_value=0)
    tax_class = serializers.CharField(
        allow_null=True, help_text="its own; null: the nearest parent's"
    )
    children = _Children()
    product_count = serializers.IntegerField(min_value=0)


@cache
def _shown_category() -> Category:
    """Return the one that shows all children: to make one for each category was half the tree."""
    return Category()


class Categories(Serializer):
    """The tree's roots."""

    items = Category(many=True)


class LengthRange(Serializer):
    """From and to, as strings with one decimal."""

    min = serializers.CharField()
    max = serializers.CharField()


class SizeCell(Serializer):
    """A measure of a size, null where there is none; the inches follow from the centimetres."""

    cm = LengthRange(allow_null=True)
    inches = LengthRange(allow_null=True)


class SizeRow(Serializer):
    """A size, with a value for each of the chart's measures."""

    size = serializers.CharField()
    values = SizeCell(many=True)


class SizeChart(Serializer):
    """A table: a row for each size, in it a value for each of the measures."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    note = serializers.CharField()
    category = CategoryLink()
    measures = serializers.ListField(child=serializers.CharField())
    rows = SizeRow(many=True)


class SizeCharts(Serializer):
    """All size charts."""

    items = SizeChart(many=True)
