"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing; nothing is wrong
    FAULT = "FAULT"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is and, where it is at fault, what to do."""

    level: Level
    subject: str
    said: str
    todo: str = ""


def ok(subject: str, said: str) -> Finding:
    """Return that it is as it should be."""
    return Finding(Level.OK, subject, said)


def note(subject: str, said: str, todo: str = "") -> Finding:
    """Return what is worth knowing."""
    return Finding(Level.NOTE, subject, said, todo)


def fault(subject: str, said: str, todo: str) -> Finding:
    """Return what is wrong, and what to do."""
    return Finding(Level.FAULT, subject, said, todo)
