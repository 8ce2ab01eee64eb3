"""The signed-in customer at a glance."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from markrin.api.operations import operation
from orders import customer_selectors, customer_serializers
from orders.views.base import PrivateView


class Me(PrivateView):
    @operation(
        response=customer_serializers.CustomerOverview,
        id="getMe",
        tag="auth",
        summary="Profile, addresses, cart in short and wishlist of the signed-in user",
    )
    def get(self, request: Request) -> Response:
        found = customer_selectors.get_overview(user=cast(User, request.user))
        return Response(customer_serializers.CustomerOverview(found).data)
