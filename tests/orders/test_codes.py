"""Codes as people paste them."""

import pytest

from orders.codes import normalize_code
from tests.factories import make_cart_line, make_coupon, make_user

PASTED = {
    "spaces around": "  summer-10 ",
    "spaces within": "SUM MER - 10",
    "a no-break space": "SUMMER-10\u00a0",
    "an en dash": "Summer\u201310",
    "a minus": "SUMMER\u221210",
    "a non-breaking hyphen": "summer\u201110",
    "a zero-width space": "SUM\u200bMER-10",
    "the byte order mark": "\ufeffSUMMER-10",
    "a soft hyphen": "SUMMER\u00ad-10",
    "written from the right": "\u200eSUMMER-10\u200f",
    "full width": "\uff33\uff35\uff2d\uff2d\uff25\uff32\uff0d\uff11\uff10",
    "lines of a mail": "SUMMER-10\r\n",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_reads_what_is_meant(text):
    assert normalize_code(text) == "SUMMER-10"


@pytest.mark.django_db
@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_a_pasted_coupon_applies(api, customer, text):
    make_coupon(code="SUMMER-10")
    make_cart_line(customer=customer)
    cart = api.as_user(customer).put("/api/cart/coupon", {"code": text})
    assert cart.json()["coupon"]["code"] == "SUMMER-10"


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "  ", "-A", "A" * 33, "SÜD", 5, None])
def test_what_is_no_code_is_refused(api, customer, text):
    refused = api.as_user(customer).put("/api/cart/coupon", {"code": text})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


@pytest.mark.django_db
def test_staff_make_the_code_that_was_pasted(api):
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    body = {"code": " new\u2013code\u200b ", "kind": "fixed", "value": "5.00"}
    assert desk.post("/api/staff/coupons", body).json()["code"] == "NEW-CODE"
