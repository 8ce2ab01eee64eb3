"""The result of one of doctor's checks."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing; nothing is wrong
    FAULT = "FAULT"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: its state and, where something is wrong, what to do."""

    level: Level
    subject: str
    text: str
    todo: str = ""


def ok(subject: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, subject, text)


def note(subject: str, text: str, todo: str = "") -> Finding:
    """Return something worth knowing that is no fault."""
    return Finding(Level.NOTE, subject, text, todo)


def fault(subject: str, text: str, todo: str) -> Finding:
    """Return what is wrong and what to do about it."""
    return Finding(Level.FAULT, subject, text, todo)
