"""Makers of users and what is theirs."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import Address, User

PASSWORD = "a quiet harbour at dawn"
_numbers = count(1)


def make_user(
    *,
    password: str | None = PASSWORD,
    groups: tuple[str, ...] = (),
    **overrides: Any,
) -> User:
    """Make a customer with a verified address; `role=`, and `groups=("catalogue",)` for staff."""
    number = next(_numbers)
    wanted: dict[str, Any] = {
        "email": f"user{number}@example.com",
        "name": f"User {number}",
        "email_verified_at": timezone.now(),
    }
    user = User.objects.create_user(password=password, **wanted | overrides)
    user.groups.set(Group.objects.get_or_create(name=name)[0] for name in groups)
    return user


def make_address(*, user: User | None = None, **overrides: Any) -> Address:
    """Make an entry of the user's address book: the default one if it is the first."""
    user = user or make_user()
    wanted = {
        "recipient": user.name,
        "phone": "+919876543210",
        "street": "12 Linking Road",
        "city": "Mumbai",
        "state": "Maharashtra",
        "postal_code": "400050",
        "country": "IN",
        "is_default": not user.addresses.exists(),
    }
    return Address.objects.create(user=user, **wanted | overrides)
