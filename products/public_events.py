"""What other systems are told of the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rest_framework import serializers

from markrin.api.serializers import Serializer
from markrin.webhooks.public_events import PublicEvent, Snapshot
from products.models import InventoryPolicy, StockLevel, Variant


class StockSnapshot(Serializer):
    """How many pieces of a variant there are; `countInStock` of them are not promised yet.
    `inStock` says whether it can be bought, by its `inventoryPolicy`.
    """

    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    sku = serializers.CharField()
    size = serializers.CharField()
    color = serializers.CharField()
    is_active = serializers.BooleanField()
    on_hand = serializers.IntegerField(source="stock.on_hand", min_value=0)
    reserved = serializers.IntegerField(source="stock.reserved", min_value=0)
    count_in_stock = serializers.IntegerField(
        source="stock.count_in_stock", min_value=0
    )
    in_stock = serializers.SerializerMethodField()
    inventory_policy = serializers.ChoiceField(
        source="stock.inventory_policy", choices=InventoryPolicy.choices
    )

    def get_in_stock(self, variant: Variant) -> bool:
        return bool(variant.stock.sellable > 0)


def list_events() -> Sequence[PublicEvent]:
    """Return them (settings.HOOKS)."""
    return [
        PublicEvent(
            event_type="stock.changed",
            summary="Pieces of a variant were moved: sold, counted, returned; or its inventory"
            " policy was changed. Not sent for sales of what is not counted.",
            subject="variant",
            group="catalogue",
            shape=StockSnapshot,
            find_subjects=_find_variants,
            make_snapshots=_show_stock,
        )
    ]


def _find_variants(payload: Mapping[str, Any]) -> list[UUID]:
    """Return the variants that something has changed of. Orders move nothing of one whose stock is
    not counted; that it is not counted any more is told. One query.
    """
    variant_ids = [UUID(one) for one in payload["variant_ids"]]
    if payload.get("policy_changed"):
        return variant_ids
    uncounted = StockLevel.objects.filter(
        pk__in=variant_ids, inventory_policy=InventoryPolicy.UNTRACKED
    )
    left_out = set(uncounted.values_list("pk", flat=True))
    return [pk for pk in variant_ids if pk not in left_out]


def _show_stock(ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    variants = Variant.objects.filter(pk__in=ids).select_related("stock")
    return {variant.pk: StockSnapshot(variant).data for variant in variants}
