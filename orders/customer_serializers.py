"""The JSON of `GET /api/me`."""

from rest_framework import serializers

from accounts.serializers import Address, User
from markrin.api.serializers import Money, Serializer
from orders.cart_summary import CartSummary


class CartOverview(Serializer):
    """The cart in short; `GET /api/cart` has its lines."""

    id = serializers.UUIDField(allow_null=True)
    item_count = serializers.IntegerField()
    total = Money()
    currency = serializers.CharField()

    def to_representation(self, instance: CartSummary) -> dict[str, object]:
        """Return pieces and total; the quote knows how it writes its amounts."""
        quote = instance.quote.to_json()
        return {
            "id": str(instance.id) if instance.id else None,
            "itemCount": instance.item_count,
            "total": quote["total"],
            "currency": quote["currency"],
        }


class CustomerOverview(Serializer):
    """Who is signed in, and what is theirs."""

    user = User()
    addresses = Address(many=True)
    cart = CartOverview()
    wishlist_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="products, the last added first"
    )
