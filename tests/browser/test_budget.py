"""What a first visit costs: bytes, requests, time to the first content; and that nothing
comes from elsewhere.
"""

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PICTURES, Shop

MAX_CODE = 90_000  # bytes of scripts and styles, as they travel
MAX_REQUESTS = 40
MEASURE = """() => {
    const found = performance.getEntriesByType('resource')
        .concat(performance.getEntriesByType('navigation'));
    const sum = (kept) => found.filter(kept)
        .reduce((total, entry) => total + entry.encodedBodySize, 0);
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return {
        requests: found.length,
        code: sum((entry) => /\\.(js|css)$/.test(new URL(entry.name).pathname)),
        pictures: sum((entry) => entry.initiatorType === 'img'),
        answers: sum((entry) => entry.initiatorType === 'fetch'),
        firstContentMs: Math.round(paint ? paint.startTime : -1),
        elsewhere: found.map((entry) => entry.name)
            .filter((name) => new URL(name).origin !== location.origin),
        again: found.filter((entry) => entry.transferSize > 0)
            .map((entry) => new URL(entry.name).pathname),
    };
}"""


def test_a_first_visit_is_light_and_a_second_lighter(
    page: Page, shop: Shop, width: str, record_property: Any
) -> None:
    blocked: list[str] = []
    page.on(
        "console",
        lambda message: (
            blocked.append(message.text)
            if "Content Security" in message.text
            else None
        ),
    )
    figures: dict[str, Any] = {}
    for path in ("/", "/shop"):
        page.goto(path)
        expect(page.locator(".card-link").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        figures[path] = page.evaluate(MEASURE)
        assert figures[path]["elsewhere"] == []
        assert figures[path]["requests"] <= MAX_REQUESTS, figures
    assert figures["/"]["code"] <= MAX_CODE, figures
    # What has a hash in its name is not asked for again.
    fetched_again = [path for path in figures["/shop"]["again"] if "index-" in path]
    assert fetched_again == []
    assert blocked == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"budget-{width}.json").write_text(json.dumps(figures, indent=2))
    record_property("budget", figures)
