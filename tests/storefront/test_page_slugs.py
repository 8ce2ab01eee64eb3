"""Addresses in letters of any script: written by hand, or made so by SLUG_LETTERS=own."""

from urllib.parse import quote

import pytest

from products.services import slugs
from storefront.models import Page
from tests.factories import make_category, make_product, make_user

SAREE, SHIRTS = "लाल-साड़ी".replace("ड़", "ड\u093c"), "قمصان-قطن"


@pytest.fixture
def staff_client(api, db):
    return api.as_user(make_user(role="staff", groups=("catalogue",)))


def test_a_product_and_a_category_of_another_script_are_found_by_their_addresses(
    client, api, staff_client, built
):
    category = make_category(name="Shirts")
    changed = staff_client.patch(f"/api/categories/{category.pk}", {"slug": SHIRTS})
    assert (changed.status_code, changed.json()["slug"]) == (200, SHIRTS)
    product = make_product(name="Red saree", category=category)
    former = product.slug
    changed = staff_client.patch(
        f"/api/products/{product.pk}", {"slug": "लाल-साड़ी"}
    )
    assert (changed.status_code, changed.json()["slug"]) == (200, SAREE)

    assert api.get(f"/api/products/{quote(SAREE)}").json()["id"] == str(product.pk)
    assert api.get("/api/products", {"category": SHIRTS}).json()["total"] == 1
    moved = client.get(f"/p/{former}")
    address = f"/p/{quote(SAREE)}"
    assert (moved.status_code, moved["Location"]) == (308, address)
    page = client.get(address)
    assert page.status_code == 200
    assert f'rel="canonical" href="https://shop.example{address}"' in (
        page.content.decode()
    )
    assert (
        f"/p/{quote(SAREE)}"
        in client.get(f"/shop/{quote(SHIRTS)}").content.decode()
    )
    sitemaps = "".join(
        "".join(map(bytes.decode, client.get(f"/sitemap-{name}.xml")))
        for name in ("products-1", "categories")
    )
    assert f"{address}</loc>" in sitemaps
    assert f"/shop/{quote(SHIRTS)}</loc>" in sitemaps
    # A link of the shop's former site that had the same name.
    old = client.get(f"/products/{quote(SAREE)}")
    assert (old.status_code, old["Location"]) == (308, address)


def test_a_page_of_the_staff_may_have_such_an_address(client, built, db):
    Page.objects.create(
        slug="डिलीवरी", title="Delivery", body="By post.", is_published=True
    )
    assert client.get(f"/pages/{quote('डिलीवरी')}").status_code == 200
    assert client.get(f"/api/pages/{quote('डिलीवरी')}").status_code == 200


@pytest.mark.parametrize(
    ("letters", "name", "slug"),
    [
        ("ascii", "लाल साड़ी", "lal-sadi"),
        ("own", "लाल साड़ी", SAREE),
        ("own", "O'Hara’s  T-Shirt, 50/50!", "oharas-t-shirt-50-50"),
        ("own", "ÉTÉ İstanbul", "été-i\u0307stanbul"),
        ("own", "红色旗袍", "红色旗袍"),
        ("own", "***", "product"),
    ],
)
def test_a_name_becomes_an_address_as_the_shop_wants(settings, letters, name, slug):
    settings.SLUG_LETTERS = letters
    assert slugs.slug_from_name(name, else_="product") == slug


def test_a_new_product_has_an_address_in_its_own_letters(
    settings, staff_client, db
):
    settings.SLUG_LETTERS = "own"
    category = make_category()
    body = {
        "name": "लाल साड़ी",
        "categoryId": str(category.pk),
        "basePrice": "10.00",
    }
    made = [
        staff_client.post("/api/products", body).json()["slug"] for _ in range(2)
    ]
    assert made == [SAREE, f"{SAREE}-2"]
