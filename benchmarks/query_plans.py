"""`make bench-plans`: what PostgreSQL does for each read that no cache answers, and how many
pages of 8 kB it looks at in a small and in a large shop; docs/query-plans.md is written from it.

Pages are counted, not timed, so any machine and any load give the same. What grows by more than
the logarithm of the catalogue does is named."""

import argparse
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import Harness, NotReady, say
from benchmarks.reads import SMALL, list_pages, list_slugs
from benchmarks.report import Row, machine, publish
from dev.stack import ROOT

PAGE: Final = ROOT / "docs" / "query-plans.md"
EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF"
# The small shop has no such page: it is held against the first one of the large shop.
LATER_PAGES: Final = {"the same, page 50": "list: category, 2 filters, by price"}
_HEAD: Final = """# What PostgreSQL does for each read

Made by `make bench-plans`, not by hand: each request is sent with the cache off, its statements
are noted and explained. *Pages* are those of 8 kB that all statements of a request look at, in
memory or not; they are counts, the same on any machine. A request that looks at more pages in a
larger shop than the logarithm of its size explains is marked: it reads each of what it finds, up to
a number that is the same in every shop (`MAX_CANDIDATES` of a list's products, `MAX_COMPARED` of a
search's), which the small shop does not have. Long lists of values are cut.
"""
_LONG_LIST: Final = re.compile(r"('\{(?:[^}']{60}))[^}']+\}'")


@dataclass(frozen=True)
class Plan:
    """A statement's plan as PostgreSQL writes it, and how many pages it looked at."""

    pages: int
    text: str


Plans = dict[str, list[Plan]]  # by what is asked


def main() -> int:
    """Explain in both shops, publish, write the page; return 1 where something grows too fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL)
    parser.add_argument("--scale", type=int, default=100_000)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        plans = explain_all(json.loads(options.inside.read_text()))
        # Not to stdout, where the lines of requests are written, too.
        _answer_file(options.inside).write_text(json.dumps(plans))
        return 0
    try:
        with Harness() as harness:
            small = explain(harness, options.small)
            large = explain(harness, options.scale)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    rows = []
    for what, found in large.items():
        beside, before = f"{options.small:,} products", small[what]
        if what in LATER_PAGES:
            beside, before = "its first page", large[LATER_PAGES[what]]
        rows.append(compare(what, found, beside, before, options))
    notes = "Pages of 8 kB that all statements of a request look at, second time asked.\n"
    publish("plans", "Reads from the database: pages looked at", rows, notes)
    write_page(rows, large, options)
    return 0 if all(row.reached for row in rows) else 1


def explain(harness: Harness, scale: int) -> Plans:
    """Return the plans of each request in the shop of that size, by a process of its own."""
    env = harness.environment(scale) | {"CACHE_ANSWERS": "0"}
    env |= {
        "ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "markrin.settings",
    }
    say(f"Plans in the shop of {scale:,} products")
    paths = {
        "product by slug": f"/api/products/{list_slugs(harness, scale, 1)[0]}",
        "category tree": "/api/categories",
        "first page of all": "/api/products?limit=12",
    } | {what: path for what, (path, _) in list_pages(harness, scale).items()}
    asked = Path(env["LOCAL_DIR"]) / "plans.json"
    asked.write_text(json.dumps(paths))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.query_plans", "--inside", str(asked)],
        env=env,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NotReady(f"the plans failed:\n{done.stderr[-2000:]}")
    found = json.loads(_answer_file(asked).read_text())
    return {what: [Plan(**plan) for plan in plans] for what, plans in found.items()}


def _answer_file(asked: Path) -> Path:
    return asked.with_name("plans-explained.json")


def explain_all(paths: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return the plans of what each path asks; in a process whose settings are the shop's."""
    import django

    django.setup()
    from django.db import connection

    from products.services.facet_index import fold_changes
    from tests.client import Client

    fold_changes()  # which beat does each half minute
    # No prepared statement, whose values stand apart.
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    client, plans = Client(), {}
    for what, path in paths.items():
        client.get(path)  # what a process learns once
        statements = _note_statements(client, path)
        plans[what] = [_explain(sql) for sql in statements]
    return plans


def _note_statements(client: Any, path: str) -> list[str]:
    from django.db import connection

    seen: list[str] = []

    def note_statement(
        execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        answer = execute(sql, params, many, context)
        seen.append(
            connection.ops.last_executed_query(context["cursor"], sql, params)
        )
        return answer

    with connection.execute_wrapper(note_statement):
        answer = client.get(path)
    if answer.status_code != 200:
        raise NotReady(f"{path} was answered {answer.status_code}")
    return [
        sql for sql in seen if sql.lstrip().upper().startswith(("SELECT", "WITH"))
    ]


def _explain(statement: str) -> dict[str, Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"{EXPLAIN}, FORMAT JSON) {statement.replace('%', '%%')}", ()
        )
        [root] = cursor.fetchone()[0]
        cursor.execute(f"{EXPLAIN}) {statement.replace('%', '%%')}", ())
        lines = [line for (line,) in cursor.fetchall()]
    plan = root["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return {"pages": pages, "text": "\n".join(lines)}


def compare(
    what: str,
    large: list[Plan],
    beside: str,
    small: list[Plan],
    options: argparse.Namespace,
) -> Row:
    """Return the row of one request: pages in the large shop, beside those in the small one or
    of what `beside` says.
    """
    before = sum(plan.pages for plan in small)
    now = sum(plan.pages for plan in large)
    ratio = now / before
    # A tree of pages grows by its height; half as much again is for how full they are.
    most = 1.5 * math.log(options.scale) / math.log(options.small)
    return Row(
        what,
        f"{now:,} pages",
        beside,
        f"{before:,} pages",
        f"{ratio:.2f}",
        f"≤ {most:.1f}",
        ratio <= most,
    )


def write_page(rows: list[Row], plans: Plans, options: argparse.Namespace) -> None:
    """Write docs/query-plans.md."""
    head = f"| what | {options.scale:,} products | beside | | ratio | |"
    table = [head, "| --- | --- | --- | --- | --- | --- |"]
    table += [
        f"| {row.what} | {row.ours} | {row.beside} | {row.theirs} | {row.ratio} |"
        f" {'' if row.reached else 'grows faster'} |"
        for row in rows
    ]
    parts = [
        f"{_HEAD}\n{chr(10).join(table)}\n\n{machine()}; {options.scale:,} products:"
    ]
    for what, found in plans.items():
        texts = "\n\n".join(_LONG_LIST.sub(r"\1…}'", plan.text) for plan in found)
        parts.append(f"## {what.capitalize()}\n```\n{texts}\n```")
    PAGE.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    os.environ.pop("DEBUG", None)
    sys.exit(main())
