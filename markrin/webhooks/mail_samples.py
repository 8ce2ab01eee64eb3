"""What the previews of these mails show."""

from markrin.webhooks.models import WebhookEndpoint


def _failing() -> dict[str, object]:
    return {"endpoint": WebhookEndpoint(name="ERP"), "is_off": False}


SAMPLES = {"webhooks/failing": _failing}
