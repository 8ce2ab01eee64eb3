"""Address book and wishlist."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Address, WishlistItem
from tests import factories
from tests.accounts.flows import at_once, codes
from tests.client import Client

BODY = {
    "recipient": "Asha Rao",
    "phone": "098765 43210",
    "street": "12 Linking Road",
    "city": "Mumbai",
    "state": "Maharashtra",
    "postalCode": "400050",
    "country": "IN",
}


@pytest.fixture
def me(api, customer):
    """A client of the customer."""
    return api.as_user(customer)


def defaults(me: Client) -> list[tuple[str, bool]]:
    """Return city and default flag of the book, as listed."""
    return [
        (one["city"], one["isDefault"])
        for one in me.get("/api/addresses").json()["items"]
    ]


def add(me: Client, city: str, **more: object) -> str:
    """Add an address and return its id."""
    answer = me.post("/api/addresses", {**BODY, "city": city, **more})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_exactly_one_address_is_the_default(me):
    first, second = add(me, "A"), add(me, "B", isDefault=False)
    assert defaults(me) == [("A", True), ("B", False)]
    third = add(me, "C", isDefault=True)
    assert defaults(me) == [("C", True), ("B", False), ("A", False)]
    assert (
        me.patch(f"/api/addresses/{first}", {"isDefault": True}).json()["isDefault"]
        is True
    )
    assert defaults(me) == [("A", True), ("C", False), ("B", False)]
    assert (
        me.patch(f"/api/addresses/{first}", {"isDefault": False}).status_code == 422
    )
    assert me.delete(f"/api/addresses/{first}").status_code == 204
    assert defaults(me) == [("C", True), ("B", False)]  # the newest
    assert [
        me.delete(f"/api/addresses/{one}").status_code
        for one in (second, third, third)
    ] == [204, 204, 404]
    assert defaults(me) == []


def test_an_address_is_kept_as_it_was_given(me):
    made = me.post("/api/addresses", BODY).json()
    assert made == {
        "id": made["id"],
        **BODY,
        "phone": "+919876543210",
        "stateCode": "IN-MH",  # by the state's name
        "isDefault": True,
    }
    changed = me.patch(
        f"/api/addresses/{made['id']}", {"street": "13 Linking Road"}
    ).json()
    assert changed == made | {"street": "13 Linking Road"}


# country, as people write it, as it is kept; None: refused
POSTAL_CODES = [
    ("IN", "400050", "400050"),
    ("IN", "400 050", "400050"),
    ("IN", "040050", None),
    ("IN", "40005", None),
    ("IN", "4000500", None),
    ("IN", "", None),
    ("IN", "४०००५०", None),
    ("DE", "10115", "10115"),
    ("DE", "DE-10115", "10115"),
    ("DE", "D-10115", "10115"),
    ("DE", "1011", None),
    ("AT", "A-6020", "6020"),
    ("GB", "sw1a1aa", "SW1A 1AA"),
    ("GB", "EC1A  1BB", "EC1A 1BB"),
    ("GB", "m2 5bq", "M2 5BQ"),
    ("GB", "12345", None),
    ("US", "94105-1234", "94105-1234"),
    ("US", "94105 1234", "94105-1234"),
    ("US", "941051234", "94105-1234"),
    ("US", "9410", None),
    ("CA", "k1a0b1", "K1A 0B1"),
    ("NL", "1012AB", "1012 AB"),
    ("NL", "0012 AB", None),
    ("BR", "01310100", "01310-100"),
    ("PT", "1000205", "1000-205"),
    ("PL", "00950", "00-950"),
    ("SE", "11455", "114 55"),
    ("JP", "1000001", "100-0001"),
    ("LV", "1050", "LV-1050"),
    ("IE", "D02AF30", "D02 AF30"),
    ("IE", "", ""),
    ("MT", "VLT1117", "VLT 1117"),
    ("SA", "12345-6789", "12345-6789"),
    ("EG", "4450113", "4450113"),
    ("AE", "", ""),
    ("HK", "", ""),
    ("VA", "00120", "00120"),
    ("BM", "HM 08", "HM 08"),
    ("GH", "GA-183-8164", "GA-183-8164"),
    ("GH", "!", None),
]


@pytest.mark.parametrize(("country", "written", "kept"), POSTAL_CODES)
def test_a_postal_code_is_kept_as_its_country_writes_it(me, country, written, kept):
    body = {**BODY, "country": country, "postalCode": written}
    answer = me.post("/api/addresses", body)
    if kept is not None:
        assert answer.json()["postalCode"] == kept
    else:
        assert [error["pointer"] for error in answer.json()["errors"]] == [
            "/postalCode"
        ]


@pytest.mark.asvs("2.2.3")
def test_a_change_of_country_is_checked_against_the_code_that_is_there(me):
    made = add(me, "Berlin", country="DE", postalCode="10115")
    refused = me.patch(f"/api/addresses/{made}", {"country": "IN"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (
        400,
        "/postalCode",
    )
    assert (
        me.patch(
            f"/api/addresses/{made}", {"country": "IN", "postalCode": "110001"}
        ).status_code
        == 200
    )


@pytest.mark.parametrize("country", ["in", "ZZ", "IND", "", "UK"])
def test_a_country_is_one_of_iso_3166(me, country):
    assert (
        me.post("/api/addresses", {**BODY, "country": country}).json()["errors"][0][
            "pointer"
        ]
        == "/country"
    )


def test_a_book_holds_fifty(me, customer):
    factories.make_address(user=customer)
    for _ in range(49):
        factories.make_address(user=customer, is_default=False)
    answer = me.post("/api/addresses", BODY)
    assert (answer.status_code, answer.json()["code"]) == (422, "address_limit")


@pytest.mark.django_db(transaction=True)
def test_addresses_added_at_once_have_one_default():
    user = factories.make_user()
    me = Client().as_user(user)
    answers = at_once(
        lambda _: me.post("/api/addresses", {**BODY, "isDefault": True}), times=8
    )
    assert codes(answers) == [201] * 8
    assert Address.objects.filter(user=user, is_default=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_two_defaults_and_none():
    user = factories.make_user()
    first = factories.make_address(user=user)
    with pytest.raises(IntegrityError, match="address_one_default"):
        factories.make_address(user=user, is_default=True)
    with (
        pytest.raises(IntegrityError, match="no default"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE accounts_address SET is_default = false WHERE id = %s",
            [first.pk],
        )


# --- The wishlist --------------------------------------------------------------------------------
def test_the_wishlist_may_be_told_twice(me, customer):
    wanted, other = (
        factories.make_product(variants=1),
        factories.make_product(variants=1),
    )
    for product in (wanted, other, wanted):
        assert me.put(f"/api/wishlist/{product.pk}").status_code == 204
    listed = me.get("/api/wishlist").json()
    assert [one["product"]["id"] for one in listed["items"]] == [
        str(other.pk),
        str(wanted.pk),
    ]
    assert (listed["total"], listed["items"][0]["product"]["slug"]) == (
        2,
        other.slug,
    )
    for _ in range(2):
        assert me.delete(f"/api/wishlist/{wanted.pk}").status_code == 204
    assert me.get("/api/wishlist").json()["total"] == 1
    for _ in range(2):
        assert me.delete("/api/wishlist").status_code == 204
    assert not WishlistItem.objects.filter(user=customer).exists()


def test_what_is_not_on_sale_is_not_found_and_not_listed(me):
    draft, wanted = factories.make_product(status="draft"), factories.make_product()
    assert me.put(f"/api/wishlist/{draft.pk}").status_code == 404
    assert (
        me.put("/api/wishlist/01890a5d-ac96-774b-bcce-b302099a8057").status_code
        == 404
    )
    assert me.put(f"/api/wishlist/{wanted.pk}").status_code == 204
    type(wanted).objects.filter(pk=wanted.pk).update(status="archived")
    assert me.get("/api/wishlist").json()["items"] == []


def test_a_list_of_one_costs_as_many_queries_as_a_list_of_ten(
    me, django_assert_num_queries
):
    for count in (1, 9):
        for _ in range(count):
            me.put(f"/api/wishlist/{factories.make_product(variants=2).pk}")
        with django_assert_num_queries(
            4
        ):  # who calls, how many, which, their cards
            assert me.get("/api/wishlist", {"limit": 50}).status_code == 200


def test_the_wishlist_is_walked_by_cursor(me):
    made = [factories.make_product() for _ in range(5)]
    for product in made:
        me.put(f"/api/wishlist/{product.pk}")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = me.get("/api/wishlist", {"cursor": cursor, "limit": 2}).json()
        seen += [one["product"]["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [str(product.pk) for product in reversed(made)]
