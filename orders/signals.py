"""A changed row → the cached answers that go."""

from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal, receiver

from markrin.cache.tags import invalidate
from orders.models import ShippingMethod, ShippingZone

_CHANGED: list[Signal] = [post_save, post_delete]


@receiver(_CHANGED, sender=ShippingZone)
@receiver(_CHANGED, sender=ShippingMethod)
def shipping_changed(
    instance: ShippingZone | ShippingMethod, **kwargs: object
) -> None:
    invalidate("shop")  # which says above what shipping is free
