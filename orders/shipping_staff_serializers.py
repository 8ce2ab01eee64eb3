"""How zones and methods go out to staff."""

from rest_framework import serializers

from markrin.api.serializers import Money, Serializer
from orders.models.shipping import ShippingPriceBy


class ShippingStepShape(Serializer):
    """What a method costs from so much on: grams, or what the goods cost."""

    threshold = Money()
    price = Money()


class StaffShippingMethod(Serializer):
    """A way to send goods, as it is set. Money is in shop currency."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    customer_group_ids = serializers.ListField(child=serializers.UUIDField())
    price_by = serializers.ChoiceField(choices=ShippingPriceBy.choices)
    price = Money()
    steps = ShippingStepShape(many=True)
    free_above = Money(allow_null=True)
    takes_free_shipping = serializers.BooleanField()
    default_weight_g = serializers.IntegerField(min_value=0)
    max_weight_g = serializers.IntegerField(allow_null=True, min_value=1)
    min_days = serializers.IntegerField(allow_null=True, min_value=0)
    max_days = serializers.IntegerField(allow_null=True, min_value=0)
    cut_off = serializers.CharField(allow_null=True, help_text="such as 14:30")
    weekdays = serializers.CharField()
    cod_allowed = serializers.BooleanField()
    cod_fee = Money()
    cod_max_total = Money(allow_null=True)
    cod_max_open = serializers.IntegerField(allow_null=True, min_value=0)


class StaffShippingZone(Serializer):
    """Where methods hold, and these. `postcodes` is how many codes its list has."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField(min_value=0)
    is_active = serializers.BooleanField()
    countries = serializers.ListField(child=serializers.CharField())
    states = serializers.ListField(child=serializers.CharField())
    postal_patterns = serializers.ListField(child=serializers.CharField())
    postcodes = serializers.IntegerField(min_value=0)
    methods = StaffShippingMethod(many=True)


class StaffShippingZones(Serializer):
    """All zones, in their order."""

    items = StaffShippingZone(many=True)


class PostcodesWritten(Serializer):
    """How many postal codes the list has now, and how many came and went."""

    total = serializers.IntegerField(min_value=0)
    added = serializers.IntegerField(min_value=0)
    removed = serializers.IntegerField(min_value=0)
