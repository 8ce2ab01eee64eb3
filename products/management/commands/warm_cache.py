"""`manage.py warm_cache`: fill the answer cache before the shoppers do."""

import time
from collections.abc import Iterator

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test import RequestFactory
from rich.progress import track

from markrin.cache import invalidation_listener
from markrin.observe.logs import without_lines
from products.models import Category, Product


class Command(BaseCommand):
    help = (
        "Render the hottest catalogue answers into the cache: the tree, the first pages,"
        " the best-selling products."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--products",
            type=int,
            default=1000,
            help="how many products, best-selling first",
        )

    def handle(self, *args: object, products: int, **options: object) -> None:
        if not settings.CACHE_ANSWERS:
            raise CommandError("CACHE_ANSWERS is off: there is no cache to warm.")
        self._wait_for_line()
        paths = list(self._paths(products))
        server = WSGIHandler()
        host = next(
            (host for host in settings.ALLOWED_HOSTS if "*" not in host),
            "localhost",
        ).removeprefix(".")
        factory = RequestFactory(
            SERVER_NAME=host, headers={"X-Forwarded-Proto": "https"}
        )
        kept = failed = 0
        with without_lines("request"):  # a line each would bury the one that counts
            for path in track(
                paths, description="Rendering", disable=not self.stdout.isatty()
            ):
                response = server.get_response(factory.get(path, secure=True))
                kept += (
                    response.status_code == 200
                    and "bypass"
                    not in response.headers.get("Cache-Status", "bypass")
                )
                failed += response.status_code >= 400
                response.close()
        self.stdout.write(
            f"{len(paths)} answers rendered or found, {kept} of them kept, {failed}"
            " refused."
        )
        if failed:
            raise CommandError(f"{failed} answers were errors.")

    def _wait_for_line(self) -> None:
        invalidation_listener.own.start()
        deadline = time.monotonic() + 5
        while not invalidation_listener.own.alive:
            if time.monotonic() > deadline:
                raise CommandError("CACHE_URL: the cache server does not answer.")
            time.sleep(0.01)

    def _paths(self, products: int) -> Iterator[str]:
        yield from (
            "/api/categories",
            "/api/size-charts",
            "/api/products/featured",
            "/api/products/new-arrivals",
        )
        yield from ("/api/products", "/api/products?facets=true")
        for slug in Category.objects.values_list("slug", flat=True):
            yield f"/api/products?category={slug}"
        hottest = (
            Product.objects.published()
            .order_by("-popularity", "-pk")
            .values_list("slug", flat=True)
        )
        for slug in hottest[:products]:
            yield f"/api/products/{slug}"
