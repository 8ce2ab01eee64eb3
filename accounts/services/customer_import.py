"""Customers from another shop: without passwords, invited by mail when the shop says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accounts import events
from accounts.models import Address, User
from accounts.schemas import AddAddress, NewAddress
from markrin.api import errors, fields
from markrin.api.schemas import InputSchema
from markrin.outbox import services as outbox
from products.importing.row_files import (
    Row,
    RowReport,
    handle_unit,
    line_of,
    open_rows,
)
from products.importing.run import ImportRun, JobOptions

_NAMES: Final = {
    "email": ("email", "e-mail", "email address", "billing email"),
    "name": ("first name", "billing first name"),
    "last_name": ("last name", "billing last name"),
    "whole_name": ("name", "customer name"),
    "phone": ("phone", "default address phone", "billing phone"),
    "street": ("default address address1", "address1", "billing address 1"),
    "street2": ("default address address2", "address2", "billing address 2"),
    "city": ("default address city", "city", "billing city"),
    "state": ("province", "region", "billing state"),
    "state_code": ("default address province code", "province code"),
    "postal_code": (
        "default address zip",
        "zip",
        "postal code",
        "billing postcode",
    ),
    "country": ("default address country code", "country code", "country / region"),
    "tags": ("tags",),
    "note": ("note",),
    "accepts_email": ("accepts email marketing", "accepts marketing"),
}


@dataclass(frozen=True, kw_only=True)
class ImportedCustomer:
    """A customer as a file has it."""

    email: str
    name: str
    last_name: str = ""


class ImportCustomer(InputSchema[ImportedCustomer]):
    email = fields.Email(required=True)
    name = fields.Text(max=80, required=True)
    last_name = fields.Text(max=80, min=0)


class _PhoneField(InputSchema):
    phone = fields.Phone(required=True)


def import_customers(
    path: Path,
    report: RowReport,
    *,
    invite: bool = False,
    dry_run: bool = False,
    run: ImportRun | None = None,
) -> None:
    """Take in a CSV of customers: Shopify's export, WooCommerce's, or one with `email` and a
    name. A hundred rows are a transaction; a second run changes nothing.

    Who has an account already stays as they are. New accounts have no password; with `invite`
    each new customer is mailed a link to set one.

    Raises:
        FileRefused: it is no such file.
    """

    def import_row(row: Row) -> None:
        def work(found: RowReport) -> None:
            _import_row(row, found, invite=invite)

        handle_unit(report, line_of(row), row[1]["email"], work, dry_run=dry_run)

    with open_rows(path, _NAMES, ["email"]) as rows:
        (run or ImportRun()).handle_units(rows, line_of, import_row)


def _import_row(row: Row, report: RowReport, *, invite: bool) -> None:
    line, values = line_of(row), row[1]
    email = values["email"]
    if problem := row[0].problem or ("" if email else "There is no e-mail."):
        report.note(line, email, "refused", problem)
        return
    name, last_name = _read_names(values)
    given = ImportCustomer().load(
        {"email": email, "name": name[:80], "lastName": last_name[:80]}
    )
    if User.objects.filter(email=given.email).exists():
        report.unchanged += 1
        return
    phone = _read_phone(line, values, report)
    user = User.objects.create_user(
        given.email, name=given.name, last_name=given.last_name, phone=phone
    )
    report.created += 1
    if values.get("street"):
        _add_address(user, line, values, phone, report)
    for column in ("note", "tags"):
        if values.get(column):
            report.note(line, email, "ignored", f"{column}: {values[column][:100]}")
    if invite:
        outbox.add(events.ResetRequested(user_id=user.pk))


def _read_names(values: Mapping[str, str]) -> tuple[str, str]:
    name, last_name = values.get("name", ""), values.get("last_name", "")
    if not name and (whole := values.get("whole_name", "")):
        name, _, last_name = whole.partition(" ")
    if not name and last_name:
        return last_name, ""
    return name or values["email"].partition("@")[0], last_name


def _read_phone(line: int, values: Mapping[str, str], report: RowReport) -> str:
    text = values.get("phone", "").lstrip("'")
    if not text:
        return ""
    try:
        return str(_PhoneField().load({"phone": text})["phone"])
    except errors.Invalid:
        report.note(
            line, values["email"], "ignored", f"{text} is no telephone number."
        )
        return ""


def _add_address(
    user: User, line: int, values: Mapping[str, str], phone: str, report: RowReport
) -> None:
    country = values.get("country", "").upper()
    code = values.get("state_code", "").lstrip("'")
    data = {
        "recipient": f"{user.name} {user.last_name}".strip(),
        "phone": phone,
        "street": ", ".join(
            filter(None, (values.get("street"), values.get("street2")))
        )[:200],
        "city": values.get("city", ""),
        "state": values.get("state", ""),
        "stateCode": f"{country}-{code}" if code and country else "",
        "postalCode": values.get("postal_code", "").lstrip("'"),
        **({"country": country} if country else {}),
    }
    new: NewAddress | None = None
    problem = ""
    for attempt in (data, data | {"stateCode": ""}):  # codes that ISO does not have
        try:
            new = AddAddress().load(attempt)
            break
        except errors.Invalid as exc:
            first = exc.errors[0]
            problem = f"{first['pointer'].strip('/')}: {first['message']}"
    if new is None:
        text = f"The address is left out: {problem}"
        report.note(line, user.email, "ignored", text)
        return
    Address.objects.create(
        user=user,
        recipient=new.recipient,
        phone=new.phone,
        street=new.street,
        city=new.city,
        state=new.state,
        state_code=new.state_code,
        postal_code=new.postal_code,
        country=new.country,
        is_default=True,
    )


def import_rows(
    *,
    kind: str,
    path: Path,
    report: RowReport,
    options: JobOptions,
    dry_run: bool,
    run: ImportRun,
) -> None:
    """Import a file of customers for a job of the admin: the hook `import_rows`.

    Raises: FileRefused.
    """
    if kind == "customers":
        invite = options.get("invite", False)
        import_customers(path, report, invite=invite, dry_run=dry_run, run=run)
