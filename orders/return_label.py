"""The label for a parcel that comes back, as a PDF of one page."""

from typing import Final

from django.conf import settings
from django.utils import translation

from orders import errors
from orders.models import ReturnRequest
from orders.models.return_request import ReturnStatus

_HAS_LABEL: Final = (ReturnStatus.APPROVED, ReturnStatus.RECEIVED)


def render_label(request: ReturnRequest) -> bytes:
    """Return the label of an approved return, in the order's language. The return was loaded with
    its lines.

    Raises:
        ReturnNotIn: nobody has approved it, or it is over.
    """
    if request.status not in _HAS_LABEL:
        raise errors.ReturnNotIn(
            f"The return is {request.get_status_display().lower()}: it has no label.",
            return_status=request.status,
        )
    # A third of a second to import, which most processes never need.
    from orders.invoicing.label import ReturnLabel

    language = request.order.language or settings.LANGUAGE_CODE
    with translation.override(language):
        return ReturnLabel(request).render()
