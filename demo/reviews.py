"""Makes the demo's reviews, wishlists and carts."""

from collections.abc import Callable, Iterator
from datetime import datetime

from demo.catalogue import Article
from demo.people import Person
from demo.plan import Plan, format_amount, make_uuid, pick_after, pick_weighted
from demo.row_writer import RowWriter
from demo.sample_texts import COMMENTS

_FITS = ("small", "true", "large")


def write_reviews(
    plan: Plan,
    articles: list[Article],
    everyone: list[Person],
    bought: dict[tuple[int, int], datetime],
    sink: RowWriter,
    progress: Callable[[int], None],
) -> None:
    """Write the reviews, and into the articles how they rated; buyers are the first to write."""
    rng = plan.random("reviews")
    for number, (person, article, received) in enumerate(
        _pair_buyers(plan, articles, everyone, bought)
    ):
        earliest = received or max(article.created_at, person.created_at)
        span_h = (plan.midnight - earliest).total_seconds() / 3600
        at = pick_after(earliest, rng, 0.2 * span_h, 0.9 * span_h)
        # Every article has its own quality, so that averages differ.
        spread = article.number * 7919 % 10
        rating = pick_weighted(
            rng, (5, 4, 3, 2, 1), (4 + spread, 4, 1.5, 0.8, 0.3 + (9 - spread) / 5)
        )
        fit = (
            pick_weighted(rng, _FITS, (2, 6, 2))
            if article.garment.has_fit and rng.random() < 0.6
            else ""
        )
        comment = ""
        if rng.random() < 0.85:
            comment = rng.choice(COMMENTS[rating]).format(
                material=article.material.lower(), brand=article.brand
            )
        hidden = rng.random() < 0.02
        if not hidden:
            article.stars[rating - 1] += 1
            if fit:
                article.fits[_FITS.index(fit)] += 1
        status = "hidden" if hidden else "published"
        sink.add(
            "products_review",
            (
                make_uuid("review", number, at),
                at,
                at,
                article.id,
                person.id,
                rating,
                comment,
                fit,
                received is not None,
                status,
            ),
        )
        progress(1)


def _pair_buyers(
    plan: Plan,
    articles: list[Article],
    everyone: list[Person],
    bought: dict[tuple[int, int], datetime],
) -> Iterator[tuple[Person, Article, datetime | None]]:
    """Yield who reviews what and when they received it: six in ten of what was bought, then
    anybody anything.
    """
    rng = plan.random("reviewers")
    left = plan.reviews
    for (person, number), received in bought.items():
        if left and rng.random() < 0.6 and (plan.midnight - received).days >= 1:
            articles[number].rated_by.add(person)
            left -= 1
            yield everyone[person], articles[number], received
    published = [article for article in articles if article.status == "published"]
    while left:
        article = published[int(len(published) * rng.random() ** 1.3)]
        person = rng.randrange(len(everyone))
        if (
            person not in article.rated_by
            and (person, article.number) not in bought
        ):
            article.rated_by.add(person)
            left -= 1
            yield everyone[person], article, None


def write_purchases(
    articles: list[Article],
    everyone: list[Person],
    bought: dict[tuple[int, int], datetime],
    sink: RowWriter,
) -> None:
    """Write who has received what, which is what makes a reviewer a verified buyer."""
    for (person, article), received in bought.items():
        sink.add(
            "products_purchase",
            (everyone[person].id, articles[article].id, received),
        )


def write_wishes(
    plan: Plan, articles: list[Article], everyone: list[Person], sink: RowWriter
) -> None:
    """Write wishlists, and carts that somebody has left standing; the first customer has both."""
    rng = plan.random("wishes")
    published = [article for article in articles if article.status == "published"]
    day = plan.midnight
    for person in everyone:
        wishes = 4 if person.number == 0 else rng.randrange(5)
        for article in rng.sample(published, min(wishes, len(published))):
            at = max(person.created_at, pick_after(day, rng, -900, -1))
            sink.add("accounts_wishlistitem", (person.id, article.id, at))
        if person.number and rng.random() > 0.3:
            continue
        at = max(person.created_at, pick_after(day, rng, -300, -1))
        cart = make_uuid("cart", person.number, at)
        sink.add("orders_cart", (cart, at, at, person.id, None, []))
        wished = [
            article
            for article in rng.sample(published, min(4, len(published)))
            if article.choices[0].sellable
        ]
        for place, article in enumerate(wished[:3]):
            line = make_uuid("cart line", person.number * 10 + place, at)
            price = format_amount(article.price)
            sink.add(
                "orders_cartline",
                (line, at, at, cart, article.choices[0].id, 1, price),
            )
