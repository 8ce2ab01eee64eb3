"""The documentation hangs together: README leads to every page, and no link or anchor to a
file leads nowhere.
"""

import re

from dev.stack import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def test_readme_leads_to_every_page() -> None:
    linked = set(LINK.findall(PAGES[0].read_text()))
    assert {f"docs/{page.name}" for page in PAGES[2:]} - linked == set()


def test_no_link_leads_nowhere() -> None:
    lost = {
        f"{page.name}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    }
    assert lost == set()
