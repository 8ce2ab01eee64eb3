"""The address book. Whoever has addresses has exactly one default one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import errors, postal_codes
from accounts.models import Address, User
from markrin.api.errors import Invalid, NotFound, Unprocessable

MAX_ADDRESSES = 50


def _lock_address_book(customer: User) -> None:
    """Let the book's changes run one after the other: the default is a rule over all its
    entries.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)


@transaction.atomic(durable=True)
def add_address(*, customer: User, is_default: bool = False, **values: Any) -> Address:
    """Add an address; the first one is the default, whatever it says.

    Locks: the user.

    Raises:
        errors.AddressLimit: there are as many as a book holds.
    """
    _lock_address_book(customer)
    book = Address.objects.for_customer(customer)
    count = book.count()
    if count >= MAX_ADDRESSES:
        raise errors.AddressLimit(f"An address book holds {MAX_ADDRESSES} addresses.")
    if is_default:
        book.filter(is_default=True).update(is_default=False)
    return Address.objects.create(
        user=customer, is_default=is_default or count == 0, **values
    )


@transaction.atomic(durable=True)
def change_address(
    *, customer: User, address_id: UUID, is_default: bool | None = None, **changes: Any
) -> Address:
    """Change what was given.

    Locks: the user.

    Raises:
        NotFound: it is not one of the customer's.
        Invalid: the postal code is not one of the country.
        Unprocessable: the default cannot be given up, only given to another address.
    """
    _lock_address_book(customer)
    address = Address.objects.for_customer(customer).filter(pk=address_id).first()
    if address is None:
        raise NotFound
    if is_default is False and address.is_default:
        raise Unprocessable(
            "One address is always the default: make another one it instead."
        )
    for name, value in changes.items():
        setattr(address, name, value)
    if {"country", "postal_code"} & changes.keys() and not postal_codes.fits(
        address.country, address.postal_code
    ):
        raise Invalid.at(
            "/postalCode", "postal_code", postal_codes.says(address.country)
        )
    if is_default and not address.is_default:
        Address.objects.for_customer(customer).filter(is_default=True).update(
            is_default=False
        )
        address.is_default = True
    address.save()
    return address


@transaction.atomic(durable=True)
def delete_address(*, customer: User, address_id: UUID) -> None:
    """Delete an address; after the default one, the newest is the default. Orders keep
    their own copy.

    Locks: the user.

    Raises:
        NotFound: it is not one of the customer's.
    """
    _lock_address_book(customer)
    book = Address.objects.for_customer(customer)
    address = book.filter(pk=address_id).first()
    if address is None:
        raise NotFound
    address.delete()
    newest = book.order_by("-created_at", "-id").first()
    if address.is_default and newest is not None:
        newest.is_default = True
        newest.save(update_fields=["is_default", "updated_at"])
