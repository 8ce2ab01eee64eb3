"""The storefront's build, which pages of the shop need."""

from tests.storefront.conftest import built

__all__ = ["built"]
