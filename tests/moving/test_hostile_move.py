"""A catalogue comes in with its pictures from a hostile server, by a process that is killed again
and again: what came, what was refused and why, and that no picture is kept twice.

PICTURES=44446 makes it a real shop's (`make moving`); in the suite it is some.
"""

import csv
import os
import random
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Replace

from products.models import PictureFetch, Product, ProductImage
from products.services import pictures
from tests import services
from tests.moving.picture_server import serve_pictures

PICTURES = int(os.environ.get("PICTURES", "30"))
KILLS = 5 if PICTURES > 100 else 2
HEADER = (
    *("Handle", "Title", "Type", "Option1 Name", "Option1 Value", "Variant SKU"),
    *("Variant Inventory Qty", "Variant Price", "Image Src", "Status"),
)
KINDS = {"same": 0.03, "lies": 0.01, "private": 0.01, "moved": 0.02, "dies": 0.004}
# Of a few each kind that is settled at once; one that is slow or dies takes minutes of tries, and
# has its test in test_pictures.py.
FEW = {3: "same", 4: "lies", 9: "private", 14: "moved", 20: "same", 25: "lies"}


def choose_kind(number: int) -> str:
    """Return how the server answers for this picture: some in a hundred badly."""
    if PICTURES <= 100:
        return FEW.get(number, "ok")
    place = random.Random(number).random()
    for kind, share in KINDS.items():
        if place < share:
            return kind
        place -= share
    # few, as each takes a try's whole time, five times
    return "slow" if number % 15_000 == 1 else "ok"


# A file names hosts by their public names; the rows then lead to the server that runs here.
PUBLIC = "https://pictures.example"


def write_export(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(PICTURES):
            url = f"{PUBLIC}/{choose_kind(number)}/{number}.jpg"
            own = (f"style-{number}", f"Style {number}", f"Type {number % 50}")
            rest = ("Title", "Default Title", f"ST-{number}", "5", "50.00", url)
            writer.writerow([*own, *rest, "active"])


def run_and_kill(env: dict[str, str], *, after: float | None) -> tuple[bool, int]:
    """Run the command, kill it after that share of the rest; return whether it ended by itself,
    and its largest memory in MB.
    """
    started = PictureFetch.objects.filter(state="done").count()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "fetch_pictures", "--now"],
        cwd=Path(__file__).parents[2],
        env=services.environment() | env,
        stdout=subprocess.DEVNULL,
    )
    watched, peak = psutil.Process(process.pid), 0
    goal = None if after is None else started + int((PICTURES - started) * after)
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss // 2**20)
        except psutil.NoSuchProcess:
            break
        done = PictureFetch.objects.filter(state="done").count()
        if goal is not None and done > goal:
            process.kill()
            break
        time.sleep(0.1)
    return process.wait() == 0, peak


@pytest.mark.django_db(transaction=True)
def test_pictures_come_from_a_hostile_server_through_kills(tmp_path) -> None:
    env = {
        "DEBUG": "1",
        "OUTBOUND_NETWORKS": "127.0.0.0/8",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    with serve_pictures(tmp_path) as server:
        env["SSL_CERT_FILE"] = str(server.ca_file)
        export = tmp_path / "products.csv"
        write_export(export)
        began = time.monotonic()
        out = StringIO()
        call_command(
            "import_products", str(export), "--format", "shopify", "--fetch-images",
            stdout=out,
        )  # fmt: skip
        imported_s = time.monotonic() - began
        assert Product.objects.count() == PICTURES, out.getvalue()
        here = Value(server.url("").rstrip("/"))
        ProductImage.objects.update(
            external_url=Replace("external_url", Value(PUBLIC), here)
        )
        peaks = []
        for kill in range(KILLS):
            _, peak = run_and_kill(env, after=1 / (KILLS + 1 - kill))
            peaks.append(peak)
            # what the killed run held comes back when its lease ends: at once, here
            PictureFetch.objects.filter(state="waiting").update(
                next_at="2020-01-01T00:00:00Z"
            )
        ended, peak = run_and_kill(env, after=None)
        assert ended
        peaks.append(peak)
        took_s = time.monotonic() - began
        asked = sum(server.counts.values())
    counts = pictures.count_pictures()
    assert counts["waiting"] == 0
    kinds = [choose_kind(number) for number in range(PICTURES)]
    good = sum(kind in ("ok", "same", "moved") for kind in kinds)
    assert counts == {"waiting": 0, "done": good, "refused": PICTURES - good}
    shown = ProductImage.objects.exclude(file="")
    hashes = shown.values_list("content_hash", flat=True).distinct().count()
    files = shown.values_list("file", flat=True).distinct().count()
    assert hashes == files, "no picture is kept twice"
    on_disk = {path.name for path in (tmp_path / "media/products").iterdir()}
    known = {Path(name).name for name in shown.values_list("file", flat=True)}
    for thumbnails in shown.values_list("thumbnails", flat=True):
        known |= {Path(name).name for name in thumbnails.values()}
    assert known <= on_disk
    print(  # noqa: T201 (`make moving` shows it)
        f"\n{PICTURES:,} products in {imported_s:.1f} s; pictures: {counts} in {took_s:.1f} s,"
        f" killed {KILLS} times; {files:,} files of {hashes:,} different pictures,"
        f" {len(on_disk - known):,} left by kills; asked {asked:,} times; memory at most"
        f" {peaks} MB"
    )
    for reason, number in pictures.count_reasons():
        print(f"  refused {number:>7,}  {reason}")  # noqa: T201 (as above)
