"""What the views of this app share."""

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.views import View
from orders.services.lifecycle import Actor


class PrivateView(View):
    """Private: no cache keeps an answer."""

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Forbid every cache to keep the answer."""
        answer: Response = super().finalize_response(
            request, response, *args, **kwargs
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


class ShopperView(PrivateView):
    """For customers, and for guests with their token."""

    permission_classes = [AllowAny]


class StaffView(PrivateView):
    """For staff; markrin/rights.py says whom."""


def get_actor(request: Request) -> Actor:
    """Return the member of staff whose request it is, as services note who did something."""
    return Actor("staff", request.user.pk)


def get_base_url(request: Request) -> str:
    """Return the address under which the client reaches the shop."""
    return request.build_absolute_uri("/")


def mark_replayed(response: Response, *, again: bool) -> Response:
    """Mark the answer to a request that had taken effect before."""
    if again:
        response.headers["Idempotency-Replayed"] = "true"
    return response
