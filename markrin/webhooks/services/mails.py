"""What staff are told of an endpoint that takes nothing."""

from uuid import UUID

from django.conf import settings

from markrin.mail import sending
from markrin.outbox.handlers import Permanent
from markrin.webhooks.models import WebhookEndpoint


def warn_staff(
    *, endpoint_id: UUID, is_off: bool, told: str, recipient: int
) -> dict[str, str] | None:
    """Tell one of STAFF_MAIL; nothing once it works again, or is deleted.

    Raises:
        Permanent: STAFF_MAIL has become shorter.
    """
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None or endpoint.is_on == is_off:
        return None
    if not is_off and not endpoint.failures:
        return None
    if recipient >= len(settings.STAFF_MAIL):
        raise Permanent("STAFF_MAIL has no such recipient any more")
    return sending.send_mail(
        template="webhooks/failing",
        to=settings.STAFF_MAIL[recipient],
        context={"endpoint": endpoint, "is_off": is_off},
        key=f"webhooks.warn_by_mail:{endpoint_id}:{is_off}:{told}:{recipient}",
    )
