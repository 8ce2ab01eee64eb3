"""The storefront's one page stands behind all addresses but those of others, and its files
are kept for ever.
"""

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware

PAGE = "<!doctype html><title>Markrin</title>"


@pytest.fixture
def built(settings, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-Dm5aNG_o.js").write_text("1")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    settings.STOREFRONT_DIR = settings.WHITENOISE_ROOT = tmp_path
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/shop",
        "/shop/shoes",
        "/p/linen-shirt",
        "/checkout",
        "/orders",
        "/orders/1",
        "/account/security",
        "/wishlist",
        "/sign-in",
        "/sign-up",
        "/forgot-password",
        "/reset-password",
        "/verify-email",
    ],
)
def test_the_shops_addresses_answer_its_page_under_a_strict_policy(client, built, path):
    answer = client.get(path, {"search": "a"})
    assert (answer.status_code, answer.content.decode()) == (200, PAGE)
    assert answer["Cache-Control"] == "no-cache"
    policy = dict(
        part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert (
        policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    )
    assert answer["X-Frame-Options"] == "DENY"
    assert (
        client.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    )


def test_other_addresses_show_the_page_as_not_found(client, built):
    answer = client.get("/no/such/page")
    assert (answer.status_code, answer.content.decode()) == (404, PAGE)


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/nothing",
        "/admin/nothing/",
        "/static/nothing.js",
        "/media/nothing.png",
        "/health/nothing",
        "/assets/gone-12345678.js",
        "/test-gateway/nothing",
    ],
)
def test_the_addresses_of_others_are_left_to_them(client, built, path, db):
    answer = client.get(path)
    assert answer.status_code in {302, 404}
    assert PAGE not in answer.content.decode()


def test_it_only_reads(client, built):
    assert client.post("/", {}).status_code == 405


def test_without_a_build_the_way_leads_to_the_api(client, settings, tmp_path):
    settings.STOREFRONT_DIR = tmp_path
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/api/docs")
    assert client.get("/shop").status_code == 404


def test_hashed_files_are_immutable_and_the_rest_is_not(built, settings):
    files = WhiteNoiseMiddleware(lambda request: None, settings=settings).files

    def cached(url: str) -> str:
        return dict(files[url].get_response("HEAD", {}).headers)["Cache-Control"]

    assert "immutable" in cached("/assets/index-Dm5aNG_o.js")
    assert "immutable" not in cached("/favicon.svg")
    page = dict(files["/index.html"].get_response("HEAD", {}).headers)
    assert "immutable" not in page["Cache-Control"]
    assert page["Content-Security-Policy"].startswith("default-src 'none'")


def test_pictures_are_served_to_be_shown_and_nothing_else(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / "products").mkdir(parents=True)
    (tmp_path / "media" / "products" / "a-200.jpg").write_bytes(b"a picture")
    (tmp_path / "secret").write_text("not to be read")
    answer = client.get("/media/products/a-200.jpg")
    assert (answer.status_code, b"".join(answer)) == (200, b"a picture")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    for path in (
        "/media/../secret",
        "/media/products/../../secret",
        "/media/%2e%2e/secret",
        "/media/products",
    ):
        assert client.get(path).status_code == 404
