"""Staff edit zones with their methods on one page, and upload lists of postal codes."""

import time
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from orders.models import Holiday, ShippingMethod, ShippingPostcode, ShippingZone
from orders.pricing.shipping import Destination
from orders.shipping_terms import SETTINGS_METHOD_ID, read_shipping
from tests.factories import make_user

ADD = "admin:orders_shippingzone_add"


@pytest.fixture
def browser(db):
    client = Client()
    client.force_login(make_user(role="admin"))
    return client


def zone_form(**fields):
    return {
        "name": "Mumbai",
        "is_active": "on",
        "position": 0,
        "countries": "in",
        "states": "",
        "postal_patterns": "400001...400104, 4000*",
        "methods-TOTAL_FORMS": 1,
        "methods-INITIAL_FORMS": 0,
        "methods-0-name": "Courier",
        "methods-0-position": 0,
        "methods-0-is_active": "on",
        "methods-0-price_by": "weight",
        "methods-0-price": "40",
        "methods-0-steps": "500 = 60\n2000=90.50",
        "methods-0-free_above": "1500",
        "methods-0-takes_free_shipping": "on",
        "methods-0-default_weight_g": 300,
        "methods-0-max_weight_g": "",
        "methods-0-min_days": 1,
        "methods-0-max_days": 2,
        "methods-0-cut_off": "14:00",
        "methods-0-weekdays": "123456",
        "methods-0-cod_allowed": "on",
        "methods-0-cod_fee": "40",
        "methods-0-cod_max_total": "5000",
        "methods-0-cod_max_open": 2,
        **fields,
    }


def read(postal_code, country="IN"):
    place = Destination(country, "", postal_code, True)
    return read_shipping(place, today=date(2026, 11, 26)).methods


def test_a_zone_and_its_methods_are_one_page(browser):
    saved = browser.post(reverse(ADD), zone_form(), follow=True)
    assert "was made of the settings as well" in saved.content.decode()
    [method] = read("400050")
    assert (method.name, method.price, method.days) == ("Courier", 4000, (1, 2))
    assert [(step.threshold, step.price) for step in method.steps] == [
        (500, 6000),
        (2000, 9050),
    ]
    assert (method.cash.fee, method.cash.max_total, method.cash.max_open) == (
        4000,
        500_000,
        2,
    )
    # Elsewhere it is as the settings said.
    assert [each.id for each in read("110001")] == [SETTINGS_METHOD_ID]
    page = reverse("admin:orders_shippingzone_change", args=[zone_of("Mumbai").pk])
    assert "500 = 60\n2000 = 90.5" in browser.get(page).content.decode()
    known = {
        "methods-INITIAL_FORMS": 1,
        "methods-0-id": ShippingMethod.objects.get(name="Courier").pk,
        "methods-0-zone": zone_of("Mumbai").pk,
        "methods-0-price_by": "subtotal",
        "methods-0-steps": "1000 = 20",
    }
    assert browser.post(page, zone_form(**known)).status_code == 302
    [method] = read("400050")
    assert [(step.threshold, step.price) for step in method.steps] == [
        (100_000, 2000)
    ]


def zone_of(name):
    return ShippingZone.objects.get(name=name)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"countries": "XX"}, "XX is no country"),
        ({"states": "US-CA"}, "US-CA is in none of the zone"),
        ({"states": "IN-XX"}, "IN-XX is no state"),
        ({"postal_patterns": "4000?"}, "A pattern is 400050, 4000* or"),
        ({"countries": "IN,LK"}, "Postal codes are those of one country"),
        ({"countries": "", "postal_patterns": "", "states": "IN-KA"}, "is in none"),
        ({"methods-0-steps": "500 - 60"}, "Line 1 is no step"),
        ({"methods-0-steps": "500=1\n500=2"}, "Line 2: 500 has a price already"),
        ({"methods-0-price_by": "flat"}, "Say what the steps go by"),
        ({"methods-0-max_days": "0"}, "the fewest first"),
        ({"methods-0-max_days": ""}, "Give both numbers of days or none"),
        ({"methods-0-weekdays": "71"}, "Working days are some of 1234567"),
        ({"methods-0-cod_fee": "-1"}, "cod_fee must not be negative"),
    ],
)
def test_what_cannot_be_saved_says_why(browser, fields, said):
    shown = browser.post(reverse(ADD), zone_form(**fields))
    assert shown.status_code == 200
    assert said in shown.content.decode().replace("&#x27;", "'")
    assert not ShippingZone.objects.exists()


def test_the_settings_become_the_first_zone_once(db, settings, capsys):
    settings.SHIPPING_FEE = Decimal("70.00")
    before = read("400050")
    call_command("seed_shipping")
    settings.SHIPPING_FEE = Decimal("99.00")
    call_command("seed_shipping")
    [method] = read("400050")
    assert (method.price, method.free_above) == (7000, 100_000)
    assert [each.id for each in before] == [method.id]
    assert ShippingZone.objects.count() == 1
    assert "already: nothing was changed" in capsys.readouterr().out


def test_a_zone_without_methods_is_where_nothing_goes(db):
    call_command("seed_shipping")
    ShippingZone.objects.create(name="Not there", countries=["AE"])
    assert read("", "AE") == ()
    assert len(read("400050")) == 1


@pytest.fixture
def zone(db):
    return ShippingZone.objects.create(name="By courier", countries=["IN"])


def codes_page(zone):
    return reverse("admin:orders_shippingzone_postcodes", args=[zone.pk])


def test_a_list_of_19000_codes_is_looked_at_and_saved_in_seconds(browser, zone):
    pins = [f"{400_000 + number}" for number in range(19_000)]
    rows = [f"Office {pin},{pin[:3]} {pin[3:]},Delivery" for pin in pins]
    file = "\r\n".join(["Office Name,Pin Code,Type", *rows, rows[0], ""])
    began = time.process_time()
    shown = browser.post(
        codes_page(zone),
        {"mode": "replace", "file": SimpleUploadedFile("pins.csv", file.encode())},
    )
    said = shown.content.decode()
    assert "would have 19,000 postal codes: 19,000 new, 0 taken off" in said
    assert "1 came more than once" in said
    assert not ShippingPostcode.objects.exists()
    # What the page holds now is what its second button sends.
    listed = shown.context["form"].initial["codes"]
    saved = browser.post(
        codes_page(zone), {"mode": "replace", "codes": listed, "_save": "1"}
    )
    assert saved.status_code == 302
    assert (
        time.process_time() - began < 20
    )  # a second or two; a quadratic way takes minutes
    assert zone.postcodes.count() == 19_000
    shown = browser.get(reverse("admin:orders_shippingzone_change", args=[zone.pk]))
    assert "19,000 postal codes" in shown.content.decode()
    csv = browser.get(
        reverse("admin:orders_shippingzone_postcodes_csv", args=[zone.pk])
    )
    assert csv.content.decode().split("\r\n")[:2] == ["postalCode", "400000"]


def test_codes_are_added_and_taken_off(browser, zone):
    for mode, codes, left in [
        ("replace", "400 050, 400051, 400-052", ["400050", "400051", "400052"]),
        ("add", "560001", ["400050", "400051", "400052", "560001"]),
        ("remove", "400051\n400052\n110001", ["400050", "560001"]),
    ]:
        data = {"mode": mode, "codes": codes, "_save": "1"}
        assert browser.post(codes_page(zone), data).status_code == 302
        assert list(zone.postcodes.values_list("code", flat=True)) == left
    page = reverse("admin:orders_shippingzone_change", args=[zone.pk])
    refused = browser.post(
        page,
        {
            **zone_form(name="By courier", countries="LK", postal_patterns=""),
            "methods-TOTAL_FORMS": 0,
        },
    )
    assert "take that away first" in refused.content.decode()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            b"pincode\n400050\n4000\n",
            "line 3: \u201c4000\u201d: An Indian postal code",
        ),
        (b"city;pincode\nMumbai;400050\nPune\n", "line 3: there is no code"),
        (
            b"city,state\nMumbai,MH\n",
            "line 1: none of the 2 columns is called pincode",
        ),
        (b"pincode\n400050\n\xff\n", "line 3: this is not UTF-8"),
        (b'pincode\n"400050\n', "line 2: this is not CSV"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_by_line(browser, zone, file, said):
    shown = browser.post(
        codes_page(zone),
        {
            "mode": "replace",
            "file": SimpleUploadedFile("pins.csv", file),
            "_save": "1",
        },
    )
    assert shown.status_code == 422
    assert said in shown.content.decode()
    assert not ShippingPostcode.objects.exists()


def test_holidays(browser):
    page = reverse("admin:orders_holiday_add")
    assert (
        browser.post(page, {"day": "2026-12-25", "name": "Christmas"}).status_code
        == 302
    )
    assert (
        "Holiday with this Day already exists"
        in browser.post(
            page, {"day": "2026-12-25", "name": "Again"}
        ).content.decode()
    )
    assert Holiday.objects.get().name == "Christmas"
