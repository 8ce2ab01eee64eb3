"""Makes the demo's customers with their addresses, and the people who can sign in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.state_codes import find_state_code
from demo.plan import Plan, make_uuid, pick_before
from demo.row_writer import RowWriter
from demo.sample_texts import CITIES, FIRST_NAMES, LAST_NAMES, STREETS

DOMAIN = "markrin.example"
CUSTOMER, STAFF, ADMIN = f"customer@{DOMAIN}", f"staff@{DOMAIN}", f"admin@{DOMAIN}"
_NOBODY = "!demo"  # no password fits: Django's mark of an unusable one


@dataclass(slots=True)
class Person:
    """A customer, with the address their orders go to in the columns' order from `recipient` on."""

    number: int
    id: str
    email: str
    name: str
    last_name: str
    gender: str
    phone: str
    created_at: datetime
    address: tuple[str, ...]


def make_people(plan: Plan) -> list[Person]:
    """Return the customers, those who joined first in front."""
    rng = plan.random("people")
    ages = sorted(
        (rng.uniform(1, 90) if rng.random() < 0.2 else rng.uniform(90, 480))
        for _ in range(plan.customers)
    )
    return [
        _make_person(
            plan,
            rng,
            number,
            pick_before(plan.midnight, rng, low_days=age, high_days=age),
        )
        for number, age in enumerate(reversed(ages))
    ]


def _make_person(plan: Plan, rng: Random, number: int, at: datetime) -> Person:
    gender = rng.choice(("female", "male"))
    name, last_name = rng.choice(FIRST_NAMES[gender]), rng.choice(LAST_NAMES)
    email = (
        CUSTOMER if number == 0 else f"{name}.{last_name}.{number}@{DOMAIN}".lower()
    )
    phone = f"+9198{rng.randrange(10**8):08d}"
    city, state, code = rng.choice(CITIES)
    street = f"{rng.randint(1, 240)}, {rng.choice(STREETS)}"
    postal_code = (
        code + f"{rng.randrange(1, 10 ** (6 - len(code))):0{6 - len(code)}d}"
    )
    state_code = find_state_code("IN", state=state)
    address = (
        f"{name} {last_name}",
        phone,
        street,
        city,
        state,
        state_code,
        postal_code,
        "IN",
    )
    return Person(
        number,
        make_uuid("user", number, at),
        email,
        name,
        last_name,
        gender,
        phone,
        at,
        address,
    )


def staff_id(plan: Plan) -> str:
    """Return the id of the member of staff who handles the demo's orders."""
    return make_uuid("staff", 0, plan.midnight - timedelta(days=490))


def write_people(
    plan: Plan, everyone: list[Person], password: str, sink: RowWriter
) -> None:
    """Write the accounts. The first customer, the member of staff and the admin sign in
    with `password`.
    """
    rng = plan.random("accounts")
    hashed = make_password(password)
    opened = plan.midnight - timedelta(days=490)
    groups = list(
        Group.objects.filter(
            name__in=("catalogue", "orders", "analytics")
        ).order_by("pk")
    )
    staff, admin = staff_id(plan), make_uuid("staff", 1, opened)
    for user, email, name, role in (
        (staff, STAFF, "Sita", "staff"),
        (admin, ADMIN, "Anand", "admin"),
    ):
        sink.add(
            "accounts_user",
            (
                user,
                opened,
                opened,
                hashed,
                email,
                opened,
                name,
                "",
                "",
                None,
                "",
                role,
            ),
        )
    for group in groups:
        sink.add("accounts_user_groups", (staff, group.pk))
    for person in everyone:
        at = person.created_at
        born = f"{rng.randint(1960, 2006)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        known = rng.random() < 0.5
        sink.add(
            "accounts_user",
            (
                person.id,
                at,
                at,
                hashed if person.number == 0 else _NOBODY,
                person.email,
                at,
                person.name,
                person.last_name,
                person.phone,
                born if known else None,
                person.gender if known else "",
                "customer",
            ),
        )
        sink.add(
            "accounts_address",
            (
                make_uuid("address", person.number, at),
                at,
                at,
                person.id,
                True,
                *person.address,
            ),
        )
