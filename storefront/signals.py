"""A changed page makes the cached answers with the tag `pages` invalid."""

from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal, receiver

from markrin.cache.tags import invalidate
from storefront.models import Page

_CHANGED: list[Signal] = [post_save, post_delete]


@receiver(_CHANGED, sender=Page)
def page_changed(instance: Page, **kwargs: object) -> None:
    invalidate("pages")
