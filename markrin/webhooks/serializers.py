"""What goes out about webhooks and events."""

from rest_framework import serializers

from markrin.api.serializers import Serializer, Timestamp, page_of
from markrin.webhooks.models import DeliveryState, OffReason, WebhookDelivery


class Webhook(Serializer):
    """An endpoint, without its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    event_types = serializers.ListField(
        child=serializers.CharField(), help_text="none: all of them"
    )
    is_on = serializers.BooleanField()
    off_reason = serializers.ChoiceField(choices=OffReason.choices)
    failures = serializers.IntegerField(min_value=0, help_text="in a row")
    failing_since = Timestamp(allow_null=True)
    paused_until = Timestamp(allow_null=True)
    last_delivered_at = Timestamp(allow_null=True)
    old_secret_until = Timestamp(allow_null=True)
    created_at = Timestamp()


class Webhooks(Serializer):
    items = Webhook(many=True)


class WebhookWithSecret(Webhook):
    """An endpoint with its new secret: the only time that it is shown."""

    secret = serializers.CharField()


class Delivery(Serializer):
    """An event on its way to an endpoint, or arrived there."""

    id = serializers.UUIDField()
    event_id = serializers.SerializerMethodField(
        help_text="the header `webhook-id`"
    )
    type = serializers.CharField(source="event.type")
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts = serializers.IntegerField(min_value=0)
    error = serializers.CharField()
    at = Timestamp(source="event.at")
    delivered_at = Timestamp(allow_null=True)

    def get_event_id(self, delivery: WebhookDelivery) -> str:
        return f"evt_{delivery.event_id.hex}"


DeliveryPage = page_of(Delivery)


class Attempt(Serializer):
    at = Timestamp()
    status = serializers.IntegerField(allow_null=True, help_text="null: no answer")
    error = serializers.CharField()
    response = serializers.CharField(help_text="the beginning of the answer's body")
    duration_ms = serializers.IntegerField(min_value=0)


class DeliveryDetail(Delivery):
    """A delivery with the body that is sent, and each try."""

    body = serializers.CharField()
    tries = Attempt(many=True, source="tries.all")


class SentAgain(Serializer):
    queued = serializers.IntegerField(min_value=0)


class Event(Serializer):
    """Something that happened, with its subject as it was then: what a webhook's body holds."""

    id = serializers.CharField(help_text="the header `webhook-id`")
    type = serializers.CharField()
    timestamp = Timestamp()
    version = serializers.IntegerField(
        min_value=1, help_text="of the form of `data`"
    )
    sequence = serializers.IntegerField(
        min_value=1,
        help_text="grows; of two about one subject the higher one is newer",
    )
    subject = serializers.CharField()
    subject_id = serializers.UUIDField()
    data = serializers.DictField(  # type: ignore[assignment]  # DRF takes it out of the class
        child=serializers.JSONField(allow_null=True),
        help_text="see /api/events.json",
    )


class Events(Serializer):
    """Events in their order. Nothing new: `items` is empty and `next` is where it was."""

    items = Event(many=True)
    next = serializers.IntegerField(
        min_value=0, help_text="the next call's `after`"
    )
    more = serializers.BooleanField(help_text="whether there are more by now")


class EventsDocument(Serializer):
    """An AsyncAPI document."""

    asyncapi = serializers.CharField()
    id = serializers.CharField()
    info = serializers.DictField(child=serializers.JSONField())
    default_content_type = serializers.CharField()
    channels = serializers.DictField(child=serializers.JSONField())
    operations = serializers.DictField(child=serializers.JSONField())
    components = serializers.DictField(child=serializers.JSONField())
