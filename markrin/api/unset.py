"""UNSET: the value of a field that a PATCH body did not contain. It is never None."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Unset(Enum):
    """The type of UNSET. A patch declares `name: str | Unset = UNSET`."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET


def sent_fields(body: DataclassInstance) -> dict[str, object]:
    """Return the fields of a patch that were sent, by name; nested dataclasses stay as they are."""
    return {
        field.name: value
        for field in dataclasses.fields(body)
        if (value := getattr(body, field.name)) is not UNSET
    }
