"""`make bench-pages`: what a shopper with a slow phone waits for, on the built storefront in
Chromium: the largest picture (LCP), jumps (CLS), answers to a finger (INP), bytes of scripts.

Slow 4G (1.6 Mbit/s down, 150 ms) and a CPU four times slower, as Lighthouse simulates a
mid-range phone; each figure is the median of the rounds, CLS the worst. Source:
https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md, https://web.dev/vitals.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.report import Row, publish, within

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCALE = 1_000
GOALS = {"LCP ms": 1800.0, "CLS": 0.05, "INP ms": 200.0, "JavaScript kB": 90.0}
PHONE: Any = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
WATCH = """
window.seen = { lcp: 0, cls: 0, inp: 0 };
const watch = (type, note, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true, ...more });
watch('largest-contentful-paint', (entry) => { seen.lcp = entry.startTime; });
watch('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
watch('event',
    (entry) => { if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration); },
    { durationThreshold: 16 });
"""
SCRIPTS = """() => performance.getEntriesByType('resource')
    .filter((entry) => new URL(entry.name).pathname.endsWith('.js'))
    .reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1000"""


@dataclass
class Visits:
    """The figures of one page, a number a round."""

    found: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in GOALS}
    )

    def rows(self, page: str) -> list[Row]:
        made = []
        for name, values in self.found.items():
            value = max(values) if name == "CLS" else statistics.median(values)
            ratio = value / GOALS[name]
            goal, reached = within(ratio, at_most=1.0)
            digits = 3 if name == "CLS" else 0
            spread = f"{value:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
            made.append(
                Row(
                    f"{page}: {name}",
                    spread,
                    "what it may be",
                    f"{GOALS[name]:g}",
                    f"{ratio:.2f}",
                    goal,
                    reached,
                )
            )
        return made


def use_home(page: Page) -> None:
    page.get_by_role("button", name="Menu").click()
    page.wait_for_timeout(600)
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)
    page.locator("[aria-label^=Bag]").first.click()


def use_category(page: Page) -> None:
    page.locator(".filter-button").click()
    page.wait_for_timeout(700)
    page.locator("dialog[open] .tick input").first.click()


def use_product(page: Page) -> None:
    sizes = page.locator(".choice-size:not([data-gone=true]) input")
    if sizes.count():
        sizes.first.click(force=True)
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Add to bag").first.click()


def visit(
    browser: Browser, url: str, use: Callable[[Page], None]
) -> dict[str, float]:
    """Open a page as a first visitor on a slow phone, use it, and return what was found."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    slow = {
        "latency": 150,
        "downloadThroughput": 200_000,
        "uploadThroughput": 94_000,
    }
    devtools.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    scripts, lcp = page.evaluate(SCRIPTS), page.evaluate("seen.lcp")
    use(page)
    page.wait_for_timeout(1500)
    seen = page.evaluate("seen")
    context.close()
    return {
        "LCP ms": lcp,
        "CLS": seen["cls"],
        "INP ms": seen["inp"],
        "JavaScript kB": scripts,
    }


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rows: list[Row] = []
    try:
        with Harness() as harness, sync_playwright() as playwright:
            env = harness.environment(SCALE)
            with harness.connect(SCALE) as connection:
                found = connection.execute(
                    "SELECT slug FROM products_product WHERE status = 'published' AND"
                    " in_stock ORDER BY popularity DESC, id LIMIT 1"
                ).fetchone()
            assert found is not None
            slug = found[0]
            pages = {
                "home": ("/", use_home),
                "category": ("/shop/women", use_category),
                "product": (f"/p/{slug}", use_product),
            }
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            with web(env) as shop:
                for name, (path, use) in pages.items():
                    say(f"{name}: {rounds} visits …")
                    visits = Visits()
                    visit(browser, shop + path, use)  # the server's first answer
                    for _ in range(rounds):
                        for key, value in visit(browser, shop + path, use).items():
                            visits.found[key].append(value)
                        time.sleep(0.5)
                    rows += visits.rows(name)
            browser.close()
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    notes = (
        f"Slow 4G, a CPU four times slower, 390 x 844 at 2 x; {rounds} first visits of each"
        " page, median (lowest to highest), CLS the worst."
    )
    publish(
        "pages", "What a shopper with a slow phone waits for", rows, notes, "pages"
    )
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
