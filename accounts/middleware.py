"""The time at which a request arrived, taken before any other middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone


def stamp_arrival(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stamp `request.received_at`: a refresh that came in before another one's rotation
    overlaps it: no theft.
    """

    def stamped(request: HttpRequest) -> HttpResponseBase:
        request.received_at = timezone.now()  # type: ignore[attr-defined]  # ours
        return get_response(request)

    return stamped
