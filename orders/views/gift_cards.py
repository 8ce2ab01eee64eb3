"""What is left on a gift card, and of one's store credit."""

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.operations import operation
from markrin.api.permissions import IsAuthenticated
from orders import errors, schemas, selectors, serializers
from orders.customer_identity import identify
from orders.services import gift_cards
from orders.views.base import ShopperView


class GiftCardBalance(ShopperView):
    @operation(
        body=schemas.NameGiftCard,
        response=serializers.GiftCardBalance,
        errors=[errors.GiftCardUnknown],
        id="getGiftCardBalance",
        tag="gift-cards",
        summary="What is left on a gift card",
    )
    def post(self, request: Request, *, body: schemas.GiftCardChoice) -> Response:
        card = gift_cards.check_balance(body.code, customer=identify(request))
        return Response(serializers.GiftCardBalance(card).data)


class StoreCreditDetail(ShopperView):
    @operation(
        response=serializers.StoreCredit,
        permissions=[IsAuthenticated],
        id="getStoreCredit",
        tag="gift-cards",
        summary="One's own store credit, and how it came about",
    )
    def get(self, request: Request) -> Response:
        credit = selectors.get_store_credit(customer=identify(request))
        return Response(serializers.StoreCredit(credit).data)
