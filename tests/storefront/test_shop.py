"""What a storefront is told of the shop, and the pages that staff write."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from markrin.cache import releases
from storefront import markdown
from storefront.models import Page

STRIPE = {"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
RAZORPAY = {"RAZORPAY_KEY_SECRET": "secret", "RAZORPAY_WEBHOOK_SECRET": "whsec_1"}


def make_page(**overrides):
    given = {
        "slug": "returns",
        "title": "Returns",
        "body": "Send it.",
        "kind": "help",
    }
    return Page.objects.create(**given | {"is_published": True} | overrides)


def test_says_what_a_storefront_has_to_know(api, settings, db):
    settings.SHOP_COUNTRIES = ["IN", "AE"]
    settings.SHOP_CONTACT_EMAIL = "hello@shop.example"
    settings.SHOP_CONTACT_PHONE = "+91 80 1234 5678"
    settings.SHOP_ADDRESS = "12 Lake Road\nBengaluru"
    settings.SHOP_URL = "https://shop.example"
    make_page()
    make_page(slug="terms", title="Terms", kind="legal", position=1)
    make_page(slug="draft", title="Draft", is_published=False)
    make_page(
        slug="home",
        title="Slow clothes",
        body="Made **well**.\n\nMore.",
        kind="home",
    )
    with CaptureQueriesContext(connection) as asked:
        answer = api.get("/api/shop")
    assert len(asked) == 2  # the pages, and above what shipping is free
    assert answer.json() == {
        "name": "Markrin",
        "url": "https://shop.example",
        "headline": "Slow clothes",
        "description": "Made well.",
        "languages": ["en"],
        "countries": ["IN", "AE"],
        "currency": {"code": "INR", "decimals": 2},
        "paymentMethods": [
            {"method": "online", "provider": "test", "publicKey": ""},
            {"method": "cod", "provider": "", "publicKey": ""},
        ],
        "guestCheckout": True,
        "freeShippingAbove": "1000.00",
        "limits": {"lineQuantity": 20, "passwordLength": 8},
        "returnWindowDays": 30,
        "contact": {
            "email": "hello@shop.example",
            "phone": "+91 80 1234 5678",
            "address": "12 Lake Road\nBengaluru",
        },
        "pages": [
            {
                "slug": "returns",
                "kind": "help",
                "title": "Returns",
                "language": "en",
            },
            {"slug": "terms", "kind": "legal", "title": "Terms", "language": "en"},
        ],
    }


@pytest.mark.parametrize(
    ("provider", "key", "shown"),
    [
        ("stripe", {"STRIPE_PUBLIC_KEY": "pk_live_1"} | STRIPE, "pk_live_1"),
        ("razorpay", {"RAZORPAY_KEY_ID": "rzp_live_1"} | RAZORPAY, "rzp_live_1"),
    ],
)
def test_offers_the_provider_with_its_public_key(
    api, settings, db, provider, key, shown
):
    settings.ONLINE_PROVIDER = provider
    for name, value in key.items():
        setattr(settings, name, value)
    [online, _cash] = api.get("/api/shop").json()["paymentMethods"]
    assert online == {"method": "online", "provider": provider, "publicKey": shown}


def test_a_provider_without_its_secrets_is_not_offered(api, settings, db):
    settings.ONLINE_PROVIDER = "stripe"
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = ""
    methods = api.get("/api/shop").json()["paymentMethods"]
    assert [each["method"] for each in methods] == ["cod"]


def test_offers_no_payment_that_the_shop_cannot_take(api, settings, db):
    settings.ONLINE_PROVIDER = ""
    methods = api.get("/api/shop").json()["paymentMethods"]
    assert [each["method"] for each in methods] == ["cod"]


def test_money_has_the_currencys_decimals(api, settings, db):
    settings.SHOP_CURRENCY = "KWD"
    assert api.get("/api/shop").json()["currency"] == {"code": "KWD", "decimals": 3}


def test_another_release_keeps_its_answers_apart(settings, tmp_path):
    settings.STOREFRONT_DIR = tmp_path
    before = releases.fingerprint()
    settings.SHOP_NAME = "Another"
    renamed = releases.fingerprint()
    (tmp_path / "index.html").write_text("built")
    built = releases.fingerprint()
    settings.SECRET_KEY = "another" * 10
    assert len({before, renamed, built}) == 3
    assert releases.fingerprint() == built


def test_answers_a_page_as_html(api, db):
    make_page(body="# How\n\nSend it **back**.\n\n- one\n- two")
    page = api.get("/api/pages/returns").json()
    assert page.pop("updatedAt").endswith("Z")
    assert page == {
        "slug": "returns",
        "kind": "help",
        "title": "Returns",
        "language": "en",
        "html": "<h2>How</h2>\n<p>Send it <strong>back</strong>.</p>\n"
        "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n",
    }


def test_a_page_that_is_not_published_or_is_the_home_page_is_not_there(api, db):
    make_page(slug="draft", is_published=False)
    make_page(slug="home", kind="home")
    for slug in ("draft", "home", "none"):
        assert api.get(f"/api/pages/{slug}").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="javascript:alert(1)">x</a>',
        "<javascript:alert(1)>",
        '[x](https://a.example "x" onclick=alert(1))',
    ],
)
def test_nothing_that_staff_paste_can_run(text):
    html = markdown.to_html(text)
    assert "<script" not in html
    assert "<img" not in html or 'src="javascript' not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert " on" not in html.replace("&quot;", "").split(">")[0]


def test_the_first_paragraph_is_plain_text_cut_at_a_word():
    text = "# Head\n\nOne *two* [three](https://a.example) & four."
    assert markdown.first_paragraph("") == ""
    assert markdown.first_paragraph(text) == "Head"
    assert markdown.first_paragraph(text[8:]) == "One two three & four."
    assert markdown.first_paragraph("one two three", max_length=9) == "one two…"


def test_staff_of_the_catalogue_write_pages(admin_client, db):
    form = {
        "title": "Returns",
        "slug": "returns",
        "language": "en",
        "kind": "help",
        "position": "0",
        "is_published": "on",
        "body": "Send it **back**.",
    }
    answer = admin_client.post("/admin/storefront/page/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    page = Page.objects.get()
    shown = admin_client.get(f"/admin/storefront/page/{page.pk}/change/")
    assert "Send it <strong>back</strong>." in shown.content.decode()
    assert "/pages/returns" in shown.content.decode()
    twice = admin_client.post("/admin/storefront/page/add/", form)
    assert twice.status_code == 200
    assert Page.objects.count() == 1
