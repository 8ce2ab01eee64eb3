"""An import that is killed: what it has committed is found at once, by every way of searching."""

import signal
from pathlib import Path

import pytest

from dev import processes
from products.models import Category, FacetChange, Product, SearchWord
from tests import services
from tests.client import Client

pytestmark = pytest.mark.django_db(transaction=True)
PRODUCTS = 2_000
HEADER = "product,name,description,category,brand,basePrice,sku,size,color,stock\n"


def write_file(path: Path) -> Path:
    """Write a file whose every product has a word of its own and some that all have."""
    path.write_text(
        HEADER
        + "".join(
            f"p-{n},Kestrel anorak {spell(n)},Windproof.,Men > Anoraks,Falkner,100.00,"
            f"KST-{n},M,Vermilion,3\n"
            for n in range(PRODUCTS)
        )
    )
    return path


def spell(number: int) -> str:
    """Return a number as a word of letters, which no other number has."""
    return "quill" + "".join(
        chr(ord("a") + int(digit)) for digit in f"{number:05d}"
    )


def count_found(api: Client, **query: str) -> int:
    answer = api.get("/api/products", query)
    assert answer.status_code == 200, answer.content
    return int(answer.json()["total"])


def test_what_a_killed_import_has_committed_is_found_at_once(
    api: Client, tmp_path: Path
) -> None:
    path = write_file(tmp_path / "anoraks.csv")
    command = ("manage.py", "import_products", str(path), "--batch", "50")
    with services.running(*command, env={"DEBUG": "1"}) as importing:
        assert processes.wait_for(
            lambda: (
                importing.process.poll() is not None
                or Product.objects.count() >= 300
            ),
            seconds=120,
        )
        importing.signal(signal.SIGKILL)
        importing.process.wait(timeout=10)
        there = Product.objects.count()
        assert 300 <= there < PRODUCTS, importing.output()
    for query in (
        "kestrel",  # a word of the name
        "kestrl anorak",  # with a slip: by the words that are known
        "anoraks",  # of the category
        "falkner",  # of the brand
        "vermilion",  # of a colour, which is a variant's
    ):
        assert count_found(api, search=query) == there, query
    category = Category.objects.get(name="Anoraks").slug
    assert count_found(api, category=category, color="Vermilion") == there
    refs = Product.objects.values_list("source_ref", flat=True)
    newest = max(int(ref.removeprefix("p-")) for ref in refs)
    for number in (0, newest):
        assert count_found(api, search=spell(number)) == 1
        assert count_found(api, search=f"KST-{number}") == 1
    words = set(SearchWord.objects.values_list("word", flat=True))
    assert {spell(n) for n in range(there)} <= words
    suggested = api.get("/api/search/suggestions", {"q": "kestr"}).json()
    assert suggested["products"], suggested
    facets = api.get("/api/products", {"facets": "true", "limit": "1"}).json()[
        "facets"
    ]
    colors = {each["value"]: each["count"] for each in facets["color"]}
    assert colors["Vermilion"] == there
    assert FacetChange.objects.exists(), "not folded yet, and counted all the same"
