"""Old links lead on: by a table that an import fills, and by how other shops build links."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from storefront.models import Redirect
from tests.factories import make_category, make_product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("built")]


def imported(tmp_path: Path, text: str, *args: str) -> str:
    path, out = tmp_path / "redirects.csv", StringIO()
    path.write_text(text, "utf-8")
    call_command("import_redirects", str(path), *args, stdout=out)
    return out.getvalue()


def location(path: str) -> tuple[int, str]:
    answer = Client().get(path)
    return answer.status_code, answer.headers.get("Location", "")


def test_shopifys_redirects_come_in_once_and_lead_on(tmp_path) -> None:
    text = (
        "Redirect from,Redirect to\n/old-sale,/shop?onSale=true\n"
        "https://old.example/pages/about/,/pages/contact\n/loop,/loop\n/x,//evil.example\n"
        "/gone,\n/away,https://blog.example/a\n"
    )
    assert "Would be: created 4" in imported(tmp_path, text, "--dry-run")
    assert not Redirect.objects.exists()
    said = imported(tmp_path, text)
    assert "created 4, changed 0, unchanged 0, refused 2" in said
    assert "created 0, changed 0, unchanged 4" in imported(tmp_path, text)
    assert location("/old-sale") == (308, "/shop?onSale=true")
    assert location("/old-sale?utm=1") == (308, "/shop?onSale=true&utm=1")
    assert location("/pages/about") == (308, "/pages/contact")
    assert location("/x") == (308, "/"), "a host is no path"
    assert location("/away") == (308, "https://blog.example/a")
    assert location("/gone")[0] == 404
    assert not Redirect.objects.filter(target__startswith="//").exists()


def test_links_of_other_shops_find_product_and_category() -> None:
    make_product(slug="foo-bar", status="published")
    make_product(slug="hidden", status="draft")
    make_category(slug="dresses")
    assert location("/products/foo_bar?variant=1") == (308, "/p/foo-bar?variant=1")
    assert location("/collections/all/products/foo-bar") == (308, "/p/foo-bar")
    assert location("/product/foo-bar/") == (308, "/p/foo-bar")
    assert location("/collections/dresses") == (308, "/shop/dresses")
    assert location("/product-category/women/dresses/") == (308, "/shop/dresses")
    assert location("/products/hidden")[0] == 404
    assert location("/products/none")[0] == 404


def test_a_file_without_the_columns_is_refused(tmp_path) -> None:
    with pytest.raises(
        CommandError, match="the column redirect from or from is missing"
    ):
        imported(tmp_path, "a,b\n1,2\n")
