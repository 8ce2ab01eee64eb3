"""The base of every table: time-ordered ids, times of creation and change, and rows locked
in one order.
"""

from typing import Any, Self, TypeVar
from uuid import UUID

import uuid_utils
from django.db import models
from django.db.models.functions import Now


def uuid7() -> UUID:
    """Return a new UUIDv7: unique, and in the order of creation. Source: RFC 9562 section 5.7."""
    return UUID(int=uuid_utils.uuid7().int)


_M = TypeVar("_M", bound=models.Model, covariant=True)


class QuerySet(models.QuerySet[_M]):
    """Base of every app's query set."""

    def locked(self) -> Self:
        """Return the rows locked until the transaction ends, in key order, so that two
        callers cannot deadlock.

        Locks: FOR NO KEY UPDATE on this table's rows only, so that rows which point here
        can still be inserted."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class Model(models.Model):
    """Base of the shop's tables. Times are UTC."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True

    def list_related(self, name: str) -> Any:
        """Return what `getattr(self, name).all()` does; of what was loaded with the row without the
        manager, which Django makes each time.
        """
        loaded = vars(self).get("_prefetched_objects_cache", {})  # Django's own
        return loaded[name] if name in loaded else getattr(self, name).all()
