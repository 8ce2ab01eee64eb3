"""Events of users and sessions, for the outbox."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from markrin.db.models import uuid7


@dataclass(frozen=True)
class UserRegistered:
    name: ClassVar[str] = "user.registered"
    user_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.user_id)


@dataclass(frozen=True)
class VerificationRequested:
    name: ClassVar[str] = "user.verification_requested"
    user_id: UUID
    again: bool = False  # also if the address is verified
    asked_id: UUID = field(
        default_factory=uuid7
    )  # one mail for each time of asking


@dataclass(frozen=True)
class EmailChangeRequested:
    name: ClassVar[str] = "user.email_change_requested"
    user_id: UUID
    asked_id: UUID = field(
        default_factory=uuid7
    )  # one mail for each time of asking


@dataclass(frozen=True)
class ResetRequested:
    """Somebody asked for a link to reset a password. The user may not exist: both look the
    same.
    """

    name: ClassVar[str] = "user.reset_requested"
    user_id: UUID
    asked_id: UUID = field(
        default_factory=uuid7
    )  # one mail for each time of asking


@dataclass(frozen=True)
class StaffInvited:
    name: ClassVar[str] = "user.staff_invited"
    user_id: UUID
    asked_id: UUID = field(
        default_factory=uuid7
    )  # one mail for each time of asking


@dataclass(frozen=True)
class ReuseDetected:
    name: ClassVar[str] = "session.reuse_detected"
    user_id: UUID
    session_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.session_id)


@dataclass(frozen=True)
class SignedInFromNewDevice:
    name: ClassVar[str] = "session.signed_in_from_new_device"
    user_id: UUID
    session_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.session_id)
