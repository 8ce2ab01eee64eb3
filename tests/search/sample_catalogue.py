"""A small made-up catalogue to search in: what a fashion shop sells, in the scripts it sells it in.

`catalogue.csv` has a line for each product; its variants are all its colours in all its
sizes. It is loaded by the shop's own importer."""

import csv
import functools
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.core.management import call_command

FOLDER = Path(__file__).resolve().parent
SOURCE = "search-quality"
PIECES = 5  # in stock of each variant
_IMPORTED = (
    "product", "name", "slug", "description", "category", "brand", "collection", "gender",
    "material", "basePrice", "tags", "status", "sku", "size", "color", "stock",
)  # fmt: skip


@dataclass(frozen=True)
class Product:
    """A product of the file, with its fields as a search is judged by them."""

    slug: str
    name: str
    description: str
    category: tuple[str, ...]
    """From the root down."""
    brand: str
    collection: str
    gender: str
    material: str
    price: str
    tags: tuple[str, ...]
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    sku: str
    """What its variants' SKUs begin with."""
    barcode: str
    """An EAN-13, of its first variant."""
    sold: int
    status: str

    def variants(self) -> list[tuple[str, str, str]]:
        """Return the SKU, the colour and the size of each variant."""
        return [
            (
                "-".join(
                    filter(None, (self.sku, color[:3].upper(), size_code(size)))
                ),
                color,
                size,
            )
            for color in self.colors
            for size in self.sizes or ("",)
        ]


def size_code(size: str) -> str:
    """Return a size as it stands in a SKU."""
    return size.replace(" ", "").upper()


def read_products() -> list[Product]:
    """Return the catalogue, in the order of the file."""
    with (FOLDER / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return [_product(row) for row in csv.DictReader(file)]


def _product(row: dict[str, str]) -> Product:
    return Product(
        slug=row["product"],
        name=row["name"],
        description=row["description"],
        category=tuple(row["category"].split(" > ")),
        brand=row["brand"],
        collection=row["collection"],
        gender=row["gender"],
        material=row["material"],
        price=f"{row['basePrice']}.00",
        tags=_list(row["tags"]),
        colors=_list(row["colors"]),
        sizes=_list(row["sizes"]),
        sku=row["sku"],
        barcode=row["barcode"],
        sold=int(row["sold"]),
        status=row["status"],
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))


def read_color_families() -> dict[str, str]:
    """Return the family of each colour: navy is a blue."""
    with (FOLDER / "colors.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["family"] for row in csv.DictReader(file)}


def read_synonyms() -> list[list[str]]:
    """Return the groups of words that mean the same to this shop's customers."""
    groups: list[list[str]] = tomllib.loads(
        (FOLDER / "synonyms.toml").read_text("utf-8")
    )["groups"]
    return groups


def load_catalogue() -> None:
    """Import the catalogue into the database, with what each product has sold, its barcode, the
    colours' families and what staff have entered.
    """
    products = read_products()
    with tempfile.NamedTemporaryFile(
        "w", suffix=".csv", encoding="utf-8", newline=""
    ) as file:
        table = csv.DictWriter(file, _IMPORTED, restval="")
        table.writeheader()
        for product in products:
            table.writerows(_lines(product))
        file.flush()
        call_command(
            "import_products", file.name, source=SOURCE, strict=True, verbosity=0
        )
    model = apps.get_model("products", "Product")
    rows = {row.slug: row for row in model.objects.only("id", "slug", "popularity")}
    for product in products:
        rows[product.slug].popularity = product.sold
    model.objects.bulk_update(rows.values(), ["popularity"])
    variants = apps.get_model("products", "Variant")
    first = variants.objects.filter(position=0).select_related("product")
    codes = {product.slug: product.barcode for product in products}
    for variant in first:
        variant.barcode = codes[variant.product.slug]
    variants.objects.bulk_update(first, ["barcode"])
    _enter_what_staff_do()


def _enter_what_staff_do() -> None:
    get = functools.partial(apps.get_model, "products")
    with (FOLDER / "colors.csv").open(encoding="utf-8", newline="") as file:
        get("Color").objects.bulk_create(
            get("Color")(
                name=row["name"], family=row["family"], hex=row["hex"].lower()
            )
            for row in csv.DictReader(file)
        )
    get("SynonymGroup").objects.bulk_create(
        get("SynonymGroup")(words=group) for group in read_synonyms()
    )
    ignored = tomllib.loads((FOLDER / "synonyms.toml").read_text("utf-8"))[
        "ignored"
    ]
    get("IgnoredWord").objects.bulk_create(
        get("IgnoredWord")(word=word) for word in ignored
    )


def _lines(product: Product) -> list[dict[str, object]]:
    """Return the importer's lines: the first has the product's own columns, each has a variant."""
    lines: list[dict[str, object]] = [
        {
            "product": product.slug,
            "sku": sku,
            "color": color,
            "size": size,
            "stock": PIECES,
        }
        for sku, color, size in product.variants()
    ]
    lines[0] |= {
        "name": product.name,
        "slug": product.slug,
        "description": product.description,
        "category": " > ".join(product.category),
        "brand": product.brand,
        "collection": product.collection,
        "gender": product.gender,
        "material": product.material,
        "basePrice": product.price,
        "tags": "|".join(product.tags),
        "status": product.status,
    }
    return lines
