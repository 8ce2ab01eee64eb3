"""Every refusal of webhooks that a client can act on."""

from markrin.api.errors import ShopError


class WebhookNameTaken(ShopError):
    status, code, message = 409, "webhook_name_taken", "A webhook has this name."


class WebhookAddressRefused(ShopError):
    status, code = 422, "webhook_address_refused"
    message = "Webhooks are sent to public https addresses only."


class TooManyWebhooks(ShopError):
    status, code = 422, "too_many_webhooks"
    message = "There can be 50 webhooks at most."


class WebhookOff(ShopError):
    status, code = 409, "webhook_off"
    message = "This webhook is switched off: switch it on first."
