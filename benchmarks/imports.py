"""`make bench-import`: 44,000 products by `import_products`, beside the same rows written by SQL
alone into the same tables, and beside a COPY of the file's rows into one flat table.

The file is made up, the same one each time: three variants a product, as many categories
and brands as a fashion shop has. `--file` and `--mapping` take another one. Memory is
compared with that of a tenth of the file."""

import argparse
import csv
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.harness import Harness, NotReady, say
from benchmarks.import_by_sql import write_by_sql
from benchmarks.report import Row, publish, within
from dev.stack import ROOT

SCALE = 1_000
PRODUCTS = 44_000
AT_MOST = 2.5  # times the same rows by SQL
SIZES = ("S", "M", "L")
COLUMNS = (
    "product",
    "name",
    "category",
    "basePrice",
    "sku",
    "size",
    "color",
    "stock",
    "brand",
    "gender",
    "description",
)


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--file", type=Path, help="a CSV to import instead of the made-up one"
    )
    parser.add_argument(
        "--products", type=int, default=PRODUCTS, help="in that one"
    )
    parser.add_argument("--mapping", type=Path, help="how to read it")
    options = parser.parse_args()
    try:
        with Harness() as harness:
            rows = measure(harness, options)
            publish("import", "Importing a catalogue", rows)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measure(harness: Harness, options: argparse.Namespace) -> list[Row]:
    """Import the whole file and a tenth of it, and copy the rows."""
    file = options.file or write(harness.home / "import.csv", options.products)
    few = harness.home / "import-few.csv"
    few.write_text(
        "".join(
            file.open(encoding="utf-8").readlines()[
                : count_lines(file) // 10 // 3 * 3 + 1
            ]
        ),
        "utf-8",
    )
    say(f"Importing {file.name}: a tenth, the whole of it, and the whole again …")
    _, small_mb, _ = run(harness, few, options.mapping)
    taken, peak_mb, said = run(harness, file, options.mapping)
    say("The same rows by SQL alone …")
    by_sql = write_by_sql(
        harness.address("benchimport"),
        harness.address(harness.copy_database(SCALE, "benchsql")),
        harness.home / "import-rows",
    )
    with harness.connect(SCALE) as connection:
        flat = copied(connection, file)
    ratio = taken / by_sql
    wanted, reached = within(ratio, at_most=AT_MOST)
    flatness = peak_mb / small_mb
    return [
        Row(
            f"import: {said}",
            f"{taken:.1f} s",
            "the same rows by SQL, into the same tables",
            f"{by_sql:.1f} s",
            f"{ratio:.2f}",
            wanted,
            reached,
        ),
        Row(
            "the same",
            f"{taken:.1f} s",
            "COPY of the file's rows into one flat table",
            f"{flat:.2f} s",
            f"{taken / flat:.1f}",
            "-",
            reached=True,
        ),
        Row(
            "memory at its peak",
            f"{peak_mb:.0f} MB",
            "a tenth of the file",
            f"{small_mb:.0f} MB",
            f"{flatness:.2f}",
            "≤ 1.2",
            flatness <= 1.2,
        ),
    ]


def write(path: Path, products: int) -> Path:
    """Write the shop's own CSV of so many products, the same ones each time."""
    dice = random.Random(7)
    brands = [f"Brand {number}" for number in range(300)]
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for number in range(products):
            brand, kind = dice.choice(brands), dice.randrange(40)
            about = " ".join(
                dice.choices(
                    ("cotton", "linen", "washed", "soft", "slim", "wide", "long"),
                    k=20,
                )
            )
            price, gender = (
                f"{dice.randrange(300, 9000)}.00",
                dice.choice(("men", "women")),
            )
            for size in SIZES:
                first = size == SIZES[0]
                table.writerow(
                    (
                        f"P{number}",
                        f"{brand} article {number}",
                        f"Imported > Kind {kind}",
                        price if first else "",
                        f"IMP-{number}-{size}",
                        size,
                        "Black",
                        dice.randrange(20),
                        brand,
                        gender if first else "",
                        about if first else "",
                    )
                )
    return path


def count_lines(path: Path) -> int:
    """Return how many lines a file has."""
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def run(
    harness: Harness, file: Path, mapping: Path | None
) -> tuple[float, float, str]:
    """Import into a fresh copy of the small shop; return seconds, megabytes at the peak,
    and what the command said.
    """
    env = harness.copy(SCALE, "benchimport")
    command = [sys.executable, "manage.py", "import_products", str(file)]
    if mapping:
        command += ["--mapping", str(mapping)]
    out = subprocess.run(
        command, check=True, env=env, cwd=ROOT, capture_output=True, text=True
    ).stdout
    found = re.search(r"([\d.]+) s, at most (\d+) MB", out)
    if found is None:
        raise NotReady(f"import_products said something else than expected:\n{out}")
    return (
        float(found[1]),
        float(found[2]),
        out.splitlines()[0].partition(", updated")[0],
    )


def copied(connection: psycopg.Connection, file: Path) -> float:
    """Return the seconds that a COPY of the file's rows, as text, into a table without an
    index takes.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    columns = ", ".join(f"c{number} text" for number in range(len(rows[0])))
    connection.execute(f"CREATE TEMP TABLE flat ({columns})")
    start = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("COPY flat FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    taken = time.perf_counter() - start
    connection.execute("DROP TABLE flat")
    return taken


if __name__ == "__main__":
    sys.exit(main())
