"""What orders are taxed: by where they go, who buys, and what the presets set up."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from orders.models import (
    ConfirmedTaxId,
    Order,
    OrderTax,
    TaxRate,
    TaxSettings,
    TaxZone,
)
from products.models import TaxClass
from tests.factories import (
    SHIPPING_ADDRESS,
    key,
    make_address,
    make_cart_line,
    make_category,
    make_coupon,
    make_product,
    make_tax,
    make_variant,
    order_body,
    use_tax_preset,
)

KARNATAKA = {**SHIPPING_ADDRESS, "state": "Karnataka", "postalCode": "560001"}
GSTIN_OF_MAHARASHTRA = "27AAPFU0939F1ZV"


@pytest.fixture
def kurta(db):
    """A kurta of 2,999 in a shop that is registered in Karnataka."""
    use_tax_preset("in", state="KA")
    category = make_category(tax_class=TaxClass.objects.get(code="apparel"))
    return make_variant(
        product=make_product(base_price="2999.00", category=category)
    )


def buy(api, customer, variant, *, quantity=1, **body):
    make_cart_line(customer=customer, variant=variant, quantity=quantity)
    body = {"paymentMethod": "cod", "shippingAddress": KARNATAKA, **body}
    return api.as_user(customer).post("/api/orders", body, headers=key())


def parts(order):
    return [(tax["name"], tax["rate"], tax["amount"]) for tax in order["taxes"]]


def test_inside_the_sellers_state_half_is_the_states(api, customer, kurta):
    order = buy(api, customer, kurta).json()
    assert parts(order) == [("CGST", "9", "228.74"), ("SGST", "9", "228.74")]
    assert (order["tax"], order["total"]) == ("457.48", "2999.00")
    assert order["shippingAddress"]["stateCode"] == "IN-KA"


def test_elsewhere_it_is_the_unions(api, customer, kurta):
    order = buy(api, customer, kurta, shippingAddress=SHIPPING_ADDRESS).json()
    assert parts(order) == [("IGST", "18", "457.47")]
    assert order["total"] == "2999.00"
    stored = Order.objects.get()
    assert (stored.supply_country, stored.supply_state) == ("IN", "IN-MH")


def test_a_coupon_may_bring_a_line_into_a_lower_band(api, customer, kurta):
    make_coupon(code="LESS", kind="fixed", value="599.00")
    order = buy(api, customer, kurta, couponCode="LESS").json()
    assert parts(order) == [("CGST", "2.5", "57.14"), ("SGST", "2.5", "57.14")]
    assert [tax["taxable"] for tax in order["taxes"]] == ["2285.72", "2285.72"]


def test_the_cart_is_taxed_where_the_customer_lives(api, customer, kurta):
    make_cart_line(customer=customer, variant=kurta)
    client = api.as_user(customer)
    assert parts(client.get("/api/cart").json()["quote"]) == [
        ("IGST", "18", "457.47")
    ]
    make_address(
        user=customer, state="Karnataka", state_code="IN-KA", is_default=True
    )
    quote = client.get("/api/cart").json()["quote"]
    assert [name for name, _, _ in parts(quote)] == ["CGST", "SGST"]
    placed = client.post("/api/orders", order_body(customer), headers=key())
    assert placed.status_code == 201


def test_shipping_goes_with_the_goods(api, customer, kurta):
    kurta.product.base_price = "840.00"
    kurta.product.save()
    order = buy(api, customer, kurta, shippingAddress=SHIPPING_ADDRESS).json()
    assert (order["shipping"], order["total"]) == ("50.00", "890.00")
    # 840 × 5/105 = 40.00 and 50 × 5/105 = 2.38
    assert parts(order) == [("IGST", "5", "42.38")]
    assert order["items"][0]["tax"] == "40.00"
    assert {row.of for row in OrderTax.objects.all()} == {"line", "shipping"}


def test_where_states_differ_the_address_must_say_its_own(api, customer, kurta):
    vague = {**SHIPPING_ADDRESS, "state": "", "postalCode": "605001"}  # two states
    refused = buy(api, customer, kurta, shippingAddress=vague)
    assert (refused.status_code, refused.json()["code"]) == (
        422,
        "state_code_needed",
    )
    assert not Order.objects.exists()
    taken = api.as_user(customer).post(
        "/api/orders",
        {
            "paymentMethod": "cod",
            "shippingAddress": {**vague, "stateCode": "IN-PY"},
        },
        headers=key(),
    )
    assert taken.json()["shippingAddress"]["stateCode"] == "IN-PY"
    wrong = {**vague, "stateCode": "US-CA"}
    refused = buy(api, customer, kurta, shippingAddress=wrong).json()
    assert refused["errors"][0]["pointer"] == "/shippingAddress/stateCode"


def test_goods_for_a_business_of_another_state_are_supplied_there(
    api, customer, kurta
):
    order = buy(api, customer, kurta, taxId="27 aapfu0939f1zv").json()
    assert (order["taxId"], parts(order)) == (
        GSTIN_OF_MAHARASHTRA,
        [("IGST", "18", "457.47")],
    )
    refused = buy(api, customer, kurta, taxId="27AAPFU0939F1ZX")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/taxId"


def test_exports_carry_no_tax_where_the_shop_may(api, customer, kurta):
    abroad = {
        **SHIPPING_ADDRESS,
        "country": "US",
        "state": "CA",
        "postalCode": "94103",
    }
    order = buy(api, customer, kurta, shippingAddress=abroad).json()
    assert (order["taxes"], order["tax"], order["total"]) == ([], "0.00", "2999.00")
    assert Order.objects.get().zero_rated == "export"
    TaxSettings.objects.update(exports_zero_rated=False)
    order = buy(api, customer, kurta, shippingAddress=abroad).json()
    assert parts(order) == [("IGST", "18", "457.47")]


def test_a_business_abroad_pays_no_vat_once_its_number_is_confirmed(
    api, customer, settings
):
    settings.SHOP_CURRENCY = "EUR"
    use_tax_preset("eu", country="DE")
    shirt = make_variant(product=make_product(base_price="119.00"))
    paris = {
        **SHIPPING_ADDRESS,
        "country": "FR",
        "state": "",
        "postalCode": "75001",
        "city": "Paris",
    }
    body = {"shippingAddress": paris, "taxId": "FR40303265045"}
    assert parts(buy(api, customer, shirt, **body).json()) == [
        ("VAT", "19", "26.98")
    ]
    ConfirmedTaxId.objects.create(tax_id="FR40303265045", note="VIES: valid")
    order = buy(api, customer, shirt, **body).json()
    assert (order["taxes"], order["total"]) == ([], "169.00")
    TaxSettings.objects.update(one_stop_shop=True)
    order = buy(api, customer, shirt, shippingAddress=paris).json()
    assert [name_rate[:2] for name_rate in parts(order)] == [("VAT", "20")]


def test_a_product_has_its_own_class_or_that_of_the_nearest_category(
    api, customer, settings
):
    make_tax("standard", "18.00", default=True)
    low, middle = make_tax("low", "5.00"), make_tax("middle", "12.00")
    top = make_category(tax_class=middle)
    below = make_category(parent=top)

    def percent(**more):
        variant = make_variant(product=make_product(base_price="2000.00", **more))
        [tax] = buy(api, customer, variant).json()["taxes"]
        return tax["rate"]

    assert percent() == "18"
    assert percent(category=top) == percent(category=below) == "12"
    assert percent(category=below, tax_class=low) == "5"


def test_a_shop_without_rates_taxes_nothing(api, customer):
    order = buy(api, customer, make_variant()).json()
    assert (order["tax"], order["taxes"]) == ("0.00", [])


# --- the presets


def run(*args):
    out = StringIO()
    call_command("tax_preset", *args, stdout=out)
    return out.getvalue()


def test_the_command_sets_up_what_it_prints(db):
    said = run("in", "--state", "ka")
    assert (
        "IN-KA: apparel up to 2500.00 a piece: CGST 2.5 % + SGST 2.5 % from 2025-09-22"
        in said
    )
    assert "India (GST): 8 classes, 2 zones, 28 rates." in said
    assert (TaxZone.objects.count(), TaxRate.objects.count()) == (2, 28)
    own = TaxSettings.objects.get()
    assert (own.scheme, own.country, own.state_code) == ("in", "IN", "IN-KA")
    assert TaxClass.objects.get(is_default=True).code == "standard"


def test_a_dry_run_changes_nothing(db):
    assert "nothing was changed" in run("in", "--state", "KA", "--dry-run")
    assert not TaxClass.objects.exists()
    assert not TaxSettings.objects.exists()


def test_what_is_there_is_replaced_only_when_that_is_said(db, customer, api, kurta):
    placed = buy(api, customer, kurta).json()
    before = list(TaxRate.objects.values_list("pk", flat=True))
    with pytest.raises(CommandError, match=r"2 tax zones.*--replace"):
        run("in", "--state", "MH")
    assert list(TaxRate.objects.values_list("pk", flat=True)) == before
    assert "2 zones of before were replaced" in run(
        "in", "--state", "MH", "--replace"
    )
    assert TaxZone.objects.filter(states=["IN-MH"]).exists()
    assert kurta.product.category.tax_class_id == "apparel"
    shown = api.as_user(customer).get(f"/api/orders/{placed['id']}").json()
    assert parts(shown) == parts(placed)


def test_none_taxes_nothing(db):
    assert "No tax: 1 classes, 0 zones, 0 rates." in run("none")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["in"], "--state|KA"),
        (["in", "--state", "Karnataka"], "KA"),
        (["eu", "--country", "US"], "DE"),
    ],
)
def test_the_command_says_what_it_lacks(db, args, message):
    with pytest.raises(CommandError, match=message):
        run(*args)
    assert not TaxClass.objects.exists()


def test_limits_in_another_currency_are_refused(db, settings):
    settings.SHOP_CURRENCY = "EUR"
    with pytest.raises(CommandError, match="INR"):
        run("in", "--state", "KA")
