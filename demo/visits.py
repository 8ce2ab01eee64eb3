"""Makes the visits of the demo's last weeks, for the funnel and the search reports."""

from datetime import datetime, timedelta
from random import Random

from demo.catalogue import Article
from demo.catalogue_data import GARMENTS
from demo.plan import Plan, make_uuid, pick_weighted
from demo.row_writer import RowWriter

DAYS = 28
VISITS = 60  # a day
NOT_SOLD = ("raincoat", "sherwani", "swimsuit", "gloves")


def write_visits(plan: Plan, articles: list[Article], sink: RowWriter) -> None:
    """Write the events of VISITS a day: views, searches, and of fewer visits a full cart
    and a checkout.
    """
    rng = plan.random("visits")
    published = [article for article in articles if article.status == "published"]
    for number in range(DAYS * VISITS):
        started_at = plan.midnight - timedelta(
            seconds=rng.randrange(3600, DAYS * 86_400)
        )
        _write_visit(number, started_at, rng, published, sink)


def _write_visit(
    number: int,
    at: datetime,
    rng: Random,
    published: list[Article],
    sink: RowWriter,
) -> None:
    session, visitor = (
        make_uuid("session", number, at),
        make_uuid("visitor", number % 900, at).replace("-", ""),
    )
    steps = ["view"] * rng.randint(1, 6)
    if rng.random() < 0.3:
        steps.insert(0, "search")
    if rng.random() < 0.28:
        steps.append("add_to_cart")
        if rng.random() < 0.5:
            steps.append("checkout_started")
    for place, step in enumerate(steps):
        at += timedelta(seconds=rng.randint(5, 90))
        product = (
            rng.choice(published).id if step in ("view", "add_to_cart") else None
        )
        query, results = ("", None) if step != "search" else _pick_search(rng)
        event = make_uuid("event", number * 20 + place, at)
        sink.add(
            "analytics_event",
            (event, at, step, product, query, results, session, visitor),
        )


def _pick_search(rng: Random) -> tuple[str, int]:
    if rng.random() < 0.12:
        return rng.choice(NOT_SOLD), 0
    noun = rng.choice(rng.choice(GARMENTS).nouns).lower()
    return noun, pick_weighted(rng, (3, 8, 21), (2, 3, 2))
