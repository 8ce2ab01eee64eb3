"""A table of an archive, with its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models


@dataclass(frozen=True, kw_only=True)
class ArchiveTable:
    """A table of the archive. `left_out` are columns that the shop computes by itself. With `key`,
    rows are known by that column and not by their ids, as the other shop may have some already.
    `identity` is what tells one row from another. `files` are columns that name files of the
    storage.
    """

    name: str
    model: type[models.Model]
    order: Sequence[str]
    left_out: frozenset[str] = frozenset()
    key: str = ""
    identity: Sequence[str] = ("id",)
    files: Sequence[str] = ()
    columns: list[models.Field[Any, Any]] = field(init=False)

    def __post_init__(self) -> None:
        columns = [
            column
            for column in self.model._meta.concrete_fields
            if column.name not in self.left_out | _NEVER
            and not isinstance(column, models.GeneratedField)
            and not getattr(column, "auto_now_add", False)
            and not (column.primary_key and (self.key or _counts_up(column)))
        ]
        object.__setattr__(self, "columns", columns)


def _counts_up(column: models.Field[Any, Any]) -> bool:
    return isinstance(column, models.AutoField)


# When a row was changed in this shop says nothing in another one.
_NEVER: Final = frozenset({"updated_at"})
