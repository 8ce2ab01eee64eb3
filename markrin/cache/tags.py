"""`touch`: answers that carry a tag are dropped once the transaction that changed it has committed."""

from django.db import transaction

_VERSION = "tag:{}"


def touch(*tags: str) -> None:
    """Drop every kept answer with one of these tags, on commit; a rolled-back transaction drops nothing."""
    transaction.on_commit(lambda: _drop(frozenset(tags)), robust=True)


def _drop(tags: frozenset[str]) -> None:
    """Nothing is kept yet, so there is nothing to drop: the tiers arrive with the answer cache."""
