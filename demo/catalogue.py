"""Makes the demo's categories, size charts, products and variants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.utils.text import slugify

from demo.catalogue_data import (
    GARMENTS,
    PICTURES,
    SIZE_CHARTS,
    TREE,
    Garment,
    Node,
)
from demo.plan import SOURCE, Plan, format_amount, make_uuid, pick_before
from demo.row_writer import Row, RowWriter
from demo.sample_texts import (
    BRANDS,
    COLLECTIONS,
    COLOUR_FAMILIES,
    COLOURS,
    STYLES,
    TAGS,
)
from products.models import Color

_MANY = (3, 1, 6)  # scaled: 2 colours in 3 sizes, or 6 colours of what has one size


@dataclass(slots=True)
class Choice:
    """A variant. `sellable` is what is left in the end; the sales add what is `reserved`
    and `gone` from the shelf.
    """

    id: str
    sku: str
    size: str
    color: str
    sellable: int
    reserved: int = 0
    gone: int = 0


@dataclass(slots=True)
class Article:
    """A product. Prices are hundredths; reviews and sales add `stars`, `fits` and what was
    `sold` in 30 days.
    """

    number: int
    id: str
    name: str
    slug: str
    garment: Garment
    brand: str
    material: str
    picture: str  # of pictures.SHAPES
    base_price: int
    sale_price: int | None
    created_at: datetime
    status: str
    choices: list[Choice]
    stars: list[int] = field(default_factory=lambda: [0] * 5)
    fits: list[int] = field(default_factory=lambda: [0] * 3)
    sold: int = 0
    rated_by: set[int] = field(default_factory=set)

    @property
    def price(self) -> int:
        return self.base_price if self.sale_price is None else self.sale_price

    @property
    def colors(self) -> list[str]:
        return list(dict.fromkeys(choice.color for choice in self.choices))


def make_category_ids(plan: Plan) -> dict[str, str]:
    """Return the categories' ids by slug."""
    return {
        node.slug: make_uuid("category", i, _get_opening_time(plan))
        for i, node in enumerate(TREE)
    }


def _get_opening_time(plan: Plan) -> datetime:
    return plan.midnight - timedelta(days=500)


def tax_classes() -> dict[str | None, str]:
    """Return each category's tax class: its own, else its nearest parent's."""
    classes: dict[str | None, str] = {None: "standard"}
    for node in TREE:  # parents come first
        classes[node.slug] = node.tax_class or classes[node.parent]
    return classes


def make_articles(plan: Plan) -> Iterator[Article]:
    """Yield the products, in the order of their numbers."""
    rng = plan.random("catalogue")
    numbers_by_name: dict[str, int] = {}
    for number in range(plan.products):
        yield _make_article(
            plan, rng, number, GARMENTS[number % len(GARMENTS)], numbers_by_name
        )


def _make_article(
    plan: Plan,
    rng: Random,
    number: int,
    garment: Garment,
    numbers_by_name: dict[str, int],
) -> Article:
    material, brand = rng.choice(garment.materials), rng.choice(BRANDS)
    style, noun = rng.choice(STYLES), rng.choice(garment.nouns)
    name = f"{style} {material} {noun}"
    slug = slugify(f"{brand} {name}")
    numbers_by_name[slug] = numbers_by_name.get(slug, 0) + 1
    if numbers_by_name[slug] > 1:
        slug = f"{slug}-{numbers_by_name[slug]}"
    age_days = (1, 40) if rng.random() < 0.15 else (41, 480)
    created_at = pick_before(
        plan.midnight, rng, low_days=age_days[0], high_days=age_days[1]
    )
    base = rng.randint(*garment.prices) * 10_000 - 100
    sale = (
        round(base * rng.choice((0.9, 0.8, 0.75, 0.6, 0.5)) / 1000) * 1000
        if rng.random() < 0.25
        else None
    )
    status = (
        "published"
        if plan.scaled or rng.random() < 0.95
        else rng.choice(("draft", "archived"))
    )
    return Article(
        number,
        make_uuid("product", number, created_at),
        name,
        slug,
        garment,
        brand,
        material,
        PICTURES.get(noun, garment.picture),
        base,
        sale,
        created_at,
        status,
        _make_choices(plan, rng, number, garment, created_at),
    )


def _make_choices(
    plan: Plan, rng: Random, number: int, garment: Garment, at: datetime
) -> list[Choice]:
    sizes, colors = garment.sizes, rng.randint(2, 4)
    if plan.scaled:
        sizes = sizes[: _MANY[0]]
        colors = _MANY[2] // len(sizes)
    sold_out = rng.random() < 0.04
    choices: list[Choice] = []
    for color in rng.sample(list(COLOURS), colors):
        for size in sizes:
            sku = "-".join(
                filter(
                    None,
                    (
                        garment.code,
                        f"{number:05d}",
                        COLOURS[color][0],
                        size.replace(" ", ""),
                    ),
                )
            )
            at_number = number * 100 + len(choices)
            sellable = (
                0
                if sold_out or (choices and rng.random() < 0.1)
                else rng.choice((1, 2, 3, 5, 8, 13, 21, 34))
            )
            choices.append(
                Choice(
                    make_uuid("variant", at_number, at), sku, size, color, sellable
                )
            )
    return choices


def write_tree(plan: Plan, sink: RowWriter) -> None:
    """Write the categories and size charts."""
    ids, at = make_category_ids(plan), _get_opening_time(plan)
    siblings: dict[str | None, int] = {}
    for node in TREE:
        siblings[node.parent] = siblings.get(node.parent, -1) + 1
        sink.add(
            "products_category",
            _write_category(node, ids, siblings[node.parent], at),
        )
    for number, (slug, (title, note, measures, rows)) in enumerate(
        SIZE_CHARTS.items()
    ):
        chart = make_uuid("chart", number, at)
        sink.add("products_sizechart", (chart, at, at, ids[slug], title, note))
        for row, (size, ranges) in enumerate(rows):
            for column, (low, high) in enumerate(ranges):
                sink.add(
                    "products_sizechartentry",
                    (chart, size, measures[column], low, high, row, column),
                )


def _write_category(
    node: Node, ids: dict[str, str], position: int, at: datetime
) -> Row:
    parent = ids[node.parent] if node.parent else None
    return (
        ids[node.slug],
        at,
        at,
        node.name,
        node.slug,
        node.text,
        "",
        parent,
        position,
        node.tax_class,
    )


def _list_options(choices: list[Choice]) -> tuple[list[str], list[str]]:
    """Return colours and sizes as the triggers of the variants and their stock would write
    them: already there, they need no second version of the product's row."""
    return sorted({each.color for each in choices if each.color}), sorted(
        {each.size for each in choices if each.size}
    )


def write_product(
    plan: Plan,
    article: Article,
    categories: dict[str, str],
    rng: Random,
    sink: RowWriter,
) -> None:
    """Write the product, once sales and reviews are known."""
    garment, at = article.garment, article.created_at
    in_stock = any(choice.sellable for choice in article.choices)
    options = [
        *_list_options(article.choices),
        *_list_options([choice for choice in article.choices if choice.sellable]),
    ]
    age_days = (plan.midnight - at).days
    tags = rng.sample(TAGS, rng.randint(0, 3))
    sink.add(
        "products_product",
        (
            article.id,
            at,
            at,
            article.name,
            article.slug,
            _write_description(article),
            categories[garment.category],
            article.brand,
            rng.choice(COLLECTIONS),
            garment.gender,
            article.material,
            format_amount(article.base_price),
            None
            if article.sale_price is None
            else format_amount(article.sale_price),
            tags,
            rng.random() < 0.08,
            age_days < 41,
            article.status,
            f"{article.name} by {article.brand}"[:120],
            garment.text[:320],
            in_stock,
            *options,
            article.sold,
            *article.stars,
            *article.fits,
            SOURCE,
            str(article.number),
            "",
        ),
    )


def write_variants(article: Article, sink: RowWriter) -> None:
    """Write the product's variants with their stock and first movements, once sales are known."""
    at = article.created_at
    for position, choice in enumerate(article.choices):
        sink.add(
            "products_variant",
            (
                choice.id,
                at,
                at,
                article.id,
                choice.sku,
                choice.size,
                choice.color,
                position,
                True,
            ),
        )
        on_hand = choice.sellable + choice.reserved
        sink.add(
            "products_stocklevel",
            (choice.id, on_hand, choice.reserved, None, "deny"),
        )
        initial = on_hand + choice.gone
        sink.add(
            "products_stockmovement",
            (choice.id, "initial", initial, 0, f"initial:{choice.id}", at),
        )


def _write_description(article: Article) -> str:
    colors = article.colors
    shades = (
        colors[0]
        if len(colors) == 1
        else f"{', '.join(colors[:-1])} and {colors[-1]}"
    )
    made_of = f"Made of {article.material.lower()} by {article.brand}."
    return f"{article.garment.text}\n\n{made_of} In {shades.lower()}."


def write_colors() -> None:
    """Write how the colours look and their families, unless the shop has said so itself."""
    Color.objects.bulk_create(
        (
            Color(
                name=name,
                family=COLOUR_FAMILIES.get(name, ""),
                hex="#" + bytes(shade).hex(),
            )
            for name, (_, *shade) in COLOURS.items()
        ),
        ignore_conflicts=True,  # the shop's own colours stay as they are
    )
