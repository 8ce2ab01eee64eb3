"""What goes out: the shop's figures."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics import report_cells
from markrin.api.serializers import Money, Serializer, Timestamp


class Accepted(Serializer):
    """How many events of the batch were new."""

    accepted = serializers.IntegerField(min_value=0, max_value=50)


class Funnel(Serializer):
    views = serializers.IntegerField(min_value=0)
    carts = serializers.IntegerField(min_value=0)
    checkouts = serializers.IntegerField(min_value=0)
    orders = serializers.IntegerField(min_value=0)


class Numbers(Serializer):
    revenue = Money()
    orders = serializers.IntegerField(min_value=0)
    average_order = Money(allow_null=True)
    units = serializers.IntegerField(min_value=0)
    new_customers = serializers.IntegerField(min_value=0)
    returning_customers = serializers.IntegerField(min_value=0)
    funnel = Funnel()


class RecentOrder(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    payment_status = serializers.CharField()
    customer_id = serializers.UUIDField(
        source="user_id", allow_null=True, help_text="null: a guest's"
    )
    recipient = serializers.CharField(
        help_text="to whom it goes; empty once erased"
    )
    total = Money()
    currency = serializers.CharField()
    created_at = Timestamp()


class Stats(Numbers):
    """The numbers of a period at the top, those of the period before it under `previous`."""

    orders_by_status = serializers.DictField(
        child=serializers.IntegerField(min_value=0)
    )
    top_products = serializers.ListField(child=serializers.DictField())
    low_stock = serializers.ListField(child=serializers.DictField())
    recent_orders = RecentOrder(many=True)
    previous = Numbers()
    as_of = Timestamp(allow_null=True)


@extend_schema_field({"type": ["string", "integer"]})
class Cell(serializers.Field[object, object, object, object]):
    """A number, or text: an amount has two decimals."""

    def to_representation(self, value: object) -> object:
        """Return it as it is; `Report` has made it ready."""
        return value


class ReportColumn(Serializer):
    name = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=["text", "number", "money", "ratio", "date", "id"]
    )


class Report(Serializer):
    """A table: `rows` hold their cells in the order of `columns`."""

    name = serializers.CharField()
    title = serializers.CharField(source="definition.title")
    interval = serializers.CharField()
    as_of = Timestamp(allow_null=True)
    columns = ReportColumn(many=True, source="definition.columns")
    rows = serializers.SerializerMethodField()

    def get_fields(self) -> dict[str, Any]:
        period = {
            "from": serializers.DateField(source="first"),
            "to": serializers.DateField(source="last"),
        }
        return {**super().get_fields(), **period}

    @extend_schema_field(
        serializers.ListField(
            child=serializers.ListField(child=Cell(allow_null=True))
        )
    )
    def get_rows(self, report: Any) -> list[list[Any]]:
        kinds = [column.kind for column in report.definition.columns]
        return [
            [
                report_cells.format_cell(value, kind)
                for value, kind in zip(row, kinds, strict=True)
            ]
            for row in report.rows
        ]
