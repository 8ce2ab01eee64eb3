"""The address book. Whoever has addresses has exactly one default one."""

from __future__ import annotations

from uuid import UUID

from accounts import errors, postal_codes, state_codes
from accounts.models import Address, User
from accounts.schemas import AddressChange, NewAddress
from markrin.api.errors import Invalid, NotFound, Unprocessable
from markrin.api.unset import UNSET, Unset, sent_fields
from markrin.db import transactions

MAX_ADDRESSES = 50


def _lock_address_book(customer: User) -> None:
    """Let the book's changes run one after the other: the default is a rule over all its
    entries.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)


@transactions.durable
def add_address(new: NewAddress, *, customer: User) -> Address:
    """Add an address; the first one is the default, whatever it says.

    Locks: the user.

    Raises:
        errors.AddressLimit: there are as many as a book holds.
    """
    _lock_address_book(customer)
    book = Address.objects.for_customer(customer)
    count = book.count()
    if count >= MAX_ADDRESSES:
        raise errors.AddressLimit(
            f"An address book holds {MAX_ADDRESSES} addresses."
        )
    if new.is_default:
        book.filter(is_default=True).update(is_default=False)
    return Address.objects.create(
        user=customer,
        recipient=new.recipient,
        phone=new.phone,
        street=new.street,
        city=new.city,
        state=new.state,
        state_code=new.state_code,
        postal_code=new.postal_code,
        country=new.country,
        is_default=new.is_default or count == 0,
    )


@transactions.durable
def change_address(
    change: AddressChange, *, customer: User, address_id: UUID
) -> Address:
    """Change what was given.

    Locks: the user.

    Raises:
        NotFound: it is not one of the customer's.
        Invalid: the postal code, or the state's code, is not one of the country.
        Unprocessable: the default cannot be given up, only given to another address.
    """
    _lock_address_book(customer)
    address = Address.objects.for_customer(customer).filter(pk=address_id).first()
    if address is None:
        raise NotFound
    if change.is_default is False and address.is_default:
        raise Unprocessable(
            "One address is always the default: make another one it instead."
        )
    _apply_change(address, change)
    if change.is_default is True and not address.is_default:
        Address.objects.for_customer(customer).filter(is_default=True).update(
            is_default=False
        )
        address.is_default = True
    address.save()
    return address


def _apply_change(address: Address, change: AddressChange) -> None:
    for name, value in sent_fields(change).items():
        if name != "is_default":
            setattr(address, name, value)
    _apply_state_code(address, change)
    if change.country is UNSET and change.postal_code is UNSET:
        return
    code = postal_codes.normalize_postal_code(address.country, address.postal_code)
    if code is None:
        message = postal_codes.describe_postal_code(address.country)
        raise Invalid.at("/postalCode", "postal_code", message)
    address.postal_code = code


def _apply_state_code(address: Address, change: AddressChange) -> None:
    """Take the code that was given, or find it anew where what says it has changed."""
    given = "" if isinstance(change.state_code, Unset) else change.state_code
    if given and not state_codes.is_state_code(address.country, given):
        raise Invalid.at("/stateCode", "state_code", state_codes.REFUSAL)
    if sent_fields(change).keys() & {
        "country",
        "state",
        "state_code",
        "postal_code",
    }:
        address.state_code = state_codes.find_state_code(
            address.country,
            state_code=given,
            state=address.state,
            postal_code=address.postal_code,
        )


@transactions.durable
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
