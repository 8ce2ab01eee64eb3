"""What goes out about inventory feeds."""

from rest_framework import serializers

from markrin.api.serializers import Serializer, Timestamp, page_of
from products.models.feed import FeedMode, FeedState


class Feed(Serializer):
    """A feed and how far it has come, in rows. `heldReason` says what a person should look at."""

    id = serializers.UUIDField()
    # a declared field, which DRF takes off the class
    source = serializers.CharField()  # type: ignore[assignment]
    sequence = serializers.IntegerField()
    mode = serializers.ChoiceField(choices=FeedMode.choices)
    counted_at = Timestamp()
    dry_run = serializers.BooleanField()
    state = serializers.ChoiceField(choices=FeedState.choices)
    held_reason = serializers.CharField()
    total = serializers.IntegerField(min_value=0)
    applied = serializers.IntegerField(min_value=0)
    unchanged = serializers.IntegerField(min_value=0)
    rejected = serializers.IntegerField(min_value=0)
    created_at = Timestamp()
    finished_at = Timestamp(allow_null=True)


class FeedPage(page_of(Feed)):  # type: ignore[misc]  # made at run time
    pass
