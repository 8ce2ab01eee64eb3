"""Every page of the admin on a big shop: how many queries, how many seconds at the first
visit and at the next ones.

`make bench-admin`, by default on 100,000 products with 500,000 orders; ARGS="--scale 2000"
for a small one. The job that beat starts every five minutes runs before, as in life. The
pages are asked for in one process, without a network:
lists with each filter, search and order, and their last page; rows; reports. Exit code 1 if
a page needs more than MAX_QUERIES queries, or more than MAX_S seconds at its first visit
or in the middle of the three after it."""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

MAX_QUERIES, MAX_S = 20, 1.0
_VISITS = 3
# What staff type into a model's search box, by the table; others get a word that names nothing.
_SEARCHES = {
    "products_product": ("cotton", "no such product"),
    "products_variant": ("shirt",),
    "orders_order": (
        "MK-2026-000001",
        "123",
        "asha",
        "somebody@markrin.example",
        "+919876543210",
    ),
    "accounts_user": ("asha", "customer@"),
}


def main() -> int:
    """Load the shop, where that has not been done, and look at it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale",
        type=int,
        default=100_000,
        help="products of the demo (default: 100,000)",
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options.scale)
    from benchmarks.harness import Harness

    with Harness() as harness:
        env = harness.environment(options.scale)
        env |= {
            "ADMIN_SECOND_FACTOR": "0",
            "LOG_LEVEL": "ERROR",
            "ALLOWED_HOSTS": "*",
            "DEBUG": "0",
        }
        command = [
            sys.executable,
            "-m",
            "benchmarks.admin_pages",
            "--inside",
            "--scale",
            str(options.scale),
        ]
        return subprocess.run(command, env=env, check=False).returncode


def inside(scale: int) -> int:
    """Visit every page and publish the table."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    import django

    django.setup()
    from django.test import Client

    from benchmarks.report import Row, publish

    said = _figures()
    client = Client()
    client.force_login(_boss())
    _forget_filters()
    client.get(
        "/admin/password_change/"
    )  # so that no page pays for the process's own start
    rows, missed = [], 0
    for name, url in pages():
        count, first, later = visit(client, url)
        good = count <= MAX_QUERIES and max(first, later) <= MAX_S
        missed += not good
        goal = f"≤ {MAX_QUERIES}, ≤ {MAX_S:g} s"
        rows.append(
            Row(
                name,
                f"{first * 1000:.0f} ms",
                "later visits",
                f"{later * 1000:.0f} ms",
                str(count),
                goal,
                good,
            )
        )
        line = f"{first * 1000:7.0f} ms {later * 1000:7.0f} ms {count:3} queries  {url}"
        print(line, file=sys.stderr, flush=True)
    rows.sort(key=lambda row: -float(row.ours.split()[0]))
    note = (
        "The first visit to a page in this process, the slowest on top, and the middle of"
        f" three later; *ratio* is the number of queries. {scale:,} products, {5 * scale:,}"
        f" orders; {len(rows)} pages, {missed} over a limit. {said}"
    )
    publish("admin", "The admin's pages: seconds and queries", rows, note)
    return 1 if missed else 0


def _figures() -> str:
    """Do what beat has done before anybody comes: the day's figures, and what pages open
    with. Say how long it took.
    """
    from django.utils import timezone

    from analytics.selectors import reports
    from analytics.services import rollups, snapshots

    began = time.perf_counter()
    made = rollups.rebuild_changed_days(now=timezone.now())
    middle = time.perf_counter()
    kept = snapshots.refresh_snapshots(now=timezone.now(), read=reports.get_rows)
    return (
        f"The job of every five minutes made the figures of {len(made)} days in"
        f" {middle - began:.1f} s, read {kept} reports ahead in"
        f" {time.perf_counter() - middle:.1f} s."
    )


def _forget_filters() -> None:
    """Let every list open bare, whatever an earlier run has left."""
    from markrin.admin.models import SavedFilter

    SavedFilter.objects.filter(user=_boss()).delete()


def pages() -> Iterator[tuple[str, str]]:
    """Yield a name and an address of each page: lists, their filters and searches, a row,
    and the pages of our own.
    """
    from django.contrib import admin
    from django.contrib.admin.utils import quote
    from django.urls import reverse

    yield "dashboard", reverse("admin:index")
    yield "dashboard, 90 days", f"{reverse('admin:index')}?days=90"
    yield "to pack", reverse("admin:orders_order_queue", args=["pack"])
    yield (
        "to pack, page 20",
        f"{reverse('admin:orders_order_queue', args=['pack'])}?p=20",
    )
    for report in (
        "sales",
        "funnel",
        "products",
        "categories",
        "searches",
        "stock",
    ):
        yield f"report: {report}", reverse("admin:analytics_report", args=[report])
    yield "who changed what", reverse("admin:audit_log")
    for model, page in sorted(
        admin.site._registry.items(), key=lambda item: item[0]._meta.label
    ):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        address = reverse(f"admin:{name}_changelist")
        yield f"{name}: list", address
        for word in _SEARCHES.get(name, ("zzz",)) if page.search_fields else ():
            yield (
                f"{name}: search {word}",
                f"{address}?q={word.replace('+', '%2B')}",
            )
        for query in (*_filters(page, address), *_orders(page, address)):
            yield f"{name}: {query}", f"{address}{query}"
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            yield (
                f"{name}: a row",
                reverse(f"admin:{name}_change", args=[quote(row.pk)]),
            )
            if hasattr(page, "export_columns") and page.export_columns:
                yield f"{name}: export", reverse(f"admin:{name}_export")


def _filters(page: Any, address: str) -> Iterator[str]:
    """Yield the last choice of each of a list's filters, as a query string."""
    from django.test import RequestFactory

    request = RequestFactory().get(address)
    request.user = _boss()
    for spec in page.get_changelist_instance(request).filter_specs:
        choices = list(spec.choices(page.get_changelist_instance(request)))
        if len(choices) > 1:
            yield str(choices[-1]["query_string"])


def _orders(page: Any, address: str) -> Iterator[str]:
    """Yield each order that a list's headings offer, and the last page that it has, as
    query strings.
    """
    from django.contrib.admin.templatetags.admin_list import result_headers
    from django.test import RequestFactory

    request = RequestFactory().get(address)
    request.user = _boss()
    shown = page.get_changelist_instance(request)
    for number, heading in enumerate(result_headers(shown)):
        if heading["sortable"]:
            yield f"?o={number}"
    if shown.paginator.num_pages > 1:
        yield f"?p={shown.paginator.num_pages}"


def visit(client: Any, url: str) -> tuple[int, float, float]:
    """Return how many queries a page makes, the seconds of the first visit, and of one in
    the middle of some more.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, follow=True)
    first = time.perf_counter() - started
    assert answer.status_code == 200, (url, answer.status_code)
    count = len(queries)  # now: the next request empties the log that it reads
    taken = []
    for _ in range(_VISITS):
        started = time.perf_counter()
        answer = client.get(url, follow=True)
        assert answer.content
        taken.append(time.perf_counter() - started)
        if taken[0] > 3 * MAX_S:
            break
    return count, first, statistics.median(taken)


def _boss() -> Any:
    from accounts.models import User

    return User.objects.filter(role="admin").order_by("created_at")[0]


if __name__ == "__main__":
    sys.exit(main())
