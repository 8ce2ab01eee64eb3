"""Zones and methods by the staff API: what is sent comes back, holds at once, and nothing is
half-done."""

import pytest

from accounts.models import CustomerGroup
from orders.models import ShippingZone
from orders.shipping_staff_schemas import MAX_LISTED
from tests.factories import make_cart_line, make_product, make_user, make_variant

ZONES = "/api/staff/shipping/zones"


@pytest.fixture
def desk(api, db):
    return api.as_user(make_user(role="staff", groups=("orders",)))


def zone(**more):
    method = {
        "name": "Standard",
        "price": "60.00",
        "priceBy": "subtotal",
        "steps": [{"threshold": "500.00", "price": "30.00"}],
        "minDays": 2,
        "maxDays": 4,
        "cutOff": "14:30",
        "codFee": "40.00",
    }
    return {"name": "Mumbai", "countries": ["IN"], "methods": [method], **more}


def test_what_is_sent_comes_back_and_holds_at_once(api, desk, customer):
    group = CustomerGroup.objects.create(name="Friends")
    made = desk.post(ZONES, zone(postalPatterns=["4000*"]))
    assert made.status_code == 201, made.json()
    body = made.json()
    [method] = body["methods"]
    assert (method["cutOff"], method["steps"]) == (
        "14:30",
        [{"threshold": "500.00", "price": "30.00"}],
    )
    goods = make_variant(product=make_product(base_price="600.00"))
    make_cart_line(customer=customer, variant=goods, quantity=1)
    there = "/api/shipping/options?country=IN&postalCode=400050"

    def prices():
        found = api.as_user(customer).get(there).json()["items"]
        return {each["name"]: each["price"] for each in found}

    assert prices() == {"Standard": "30.00"}
    friends = {"name": "Friends", "customerGroupIds": [str(group.pk)]}
    again = {**method, "name": "Slow", "price": "50.00", "steps": []}
    answer = desk.put(
        f"{ZONES}/{body['id']}",
        zone(postalPatterns=["4000*"], methods=[again, friends]),
    )
    assert [each["name"] for each in answer.json()["methods"]] == [
        "Slow",
        "Friends",
    ]
    assert answer.json()["methods"][0]["id"] == method["id"]
    assert prices() == {"Slow": "50.00"}
    group.members.add(customer)
    assert prices() == {"Slow": "50.00", "Friends": "0.00"}
    names = {each["name"] for each in desk.get(ZONES).json()["items"]}
    assert names == {"Mumbai", "Everywhere"}  # the settings became a zone first
    assert desk.delete(f"{ZONES}/{body['id']}").status_code == 204
    assert desk.get(f"{ZONES}/{body['id']}").status_code == 404


def test_a_list_of_postal_codes(desk):
    made = desk.post(ZONES, zone()).json()
    address = f"{ZONES}/{made['id']}/postcodes"
    written = desk.put(address, {"codes": ["400 050", "400051", "400050"]})
    assert written.json() == {"total": 2, "added": 2, "removed": 0}
    wrong = desk.put(address, {"codes": ["400052", "nowhere"]})
    assert wrong.status_code == 422
    assert desk.get(f"{ZONES}/{made['id']}").json()["postcodes"] == 2
    moved = desk.put(f"{ZONES}/{made['id']}", zone(countries=["NP"]))
    assert moved.status_code == 422
    assert desk.put(address, {"codes": []}).json()["removed"] == 2


def test_a_list_is_as_long_as_the_document_says(desk):
    made = desk.post(ZONES, zone()).json()
    address = f"{ZONES}/{made['id']}/postcodes"
    codes = [str(400_000 + number) for number in range(MAX_LISTED)]
    assert desk.put(address, {"codes": codes}).json()["total"] == MAX_LISTED
    longer = desk.put(address, {"codes": [*codes, "450000"]})
    assert longer.status_code == 400
    assert [each["pointer"] for each in longer.json()["errors"]] == ["/codes"]


@pytest.mark.parametrize(
    ("more", "status", "where"),
    [
        ({"states": ["IN-XX"]}, 400, "/states"),
        ({"postalPatterns": ["4000?"]}, 400, "/postalPatterns"),
        ({"postalPatterns": ["4*"], "countries": []}, 400, "/countries"),
        ({"methods": [{"name": "A"}, {"name": "A"}]}, 400, "/methods"),
        ({"methods": [{"name": "A", "minDays": 2}]}, 400, "/methods/0/minDays"),
        (
            {"methods": [{"name": "A", "weekdays": "71"}]},
            400,
            "/methods/0/weekdays",
        ),
        ({"methods": [{"name": "A", "cutOff": "2 pm"}]}, 400, "/methods/0/cutOff"),
        (
            {
                "methods": [
                    {"name": "A", "id": "00000000-0000-7000-8000-000000000009"}
                ]
            },
            422,
            "",
        ),
        ({"name": "Taken"}, 409, ""),
    ],
)
def test_refuses_what_makes_no_zone(desk, more, status, where):
    ShippingZone.objects.create(name="Taken")
    refused = desk.post(ZONES, zone(**more))
    assert refused.status_code == status, refused.json()
    if where:
        assert [each["pointer"] for each in refused.json()["errors"]] == [where]
    assert ShippingZone.objects.count() == 1
