"""The page of results: a goal a line, then the tables; a run is added to the history."""

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.compare import Side, compare
from benchmarks.report import Row


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(report, "PAGE", tmp_path / "results.md")
    monkeypatch.setattr(report, "HISTORY", tmp_path / "history.json")
    return tmp_path


def test_each_goal_has_a_line_and_many_of_one_goal_share_one(folder: Path) -> None:
    slow = Row("a list", "9 ms", "plain SQL", "3 ms", "3.0", "≤ 2", reached=False)
    aside = Row("seen by the way", "7", "", "", "", "-", reached=True)
    pages = [
        Row(f"page {n}", "90 ms", "later", "80 ms", "9", "≤ 20", reached=True)
        for n in range(report.MANY_ROWS + 1)
    ]
    report.publish("lists", "Lists", [slow, aside, *pages], target="reads")

    glance = (folder / "results.md").read_text().split("## Lists")[0]
    assert (
        "| a list | plain SQL | 3.0 | ≤ 2 | **no** | `make bench-reads` |" in glance
    )
    assert "| Lists: 13 rows | later | reached by 13 | ≤ 20 | yes |" in glance
    assert "seen by the way" not in glance
    assert "page 7" not in glance


def test_a_second_run_replaces_the_table_and_adds_to_the_history(
    folder: Path,
) -> None:
    for ratio in ("3.0", "1.9"):
        row = Row("a list", "9 ms", "plain SQL", "3 ms", ratio, "≤ 2", reached=True)
        report.publish("lists", "Lists", [row])

    assert (folder / "results.md").read_text().count("## Lists") == 1
    runs = json.loads((folder / "history.json").read_text())
    assert [run["figures"] for run in runs] == [
        {"a list": "3.0"},
        {"a list": "1.9"},
    ]


def test_two_revisions_are_compared_by_their_medians(tmp_path: Path) -> None:
    sides = [Side("v1", tmp_path), Side("HEAD", tmp_path)]
    figures = {
        "checkout (/s)": {"v1": [50.0, 40.0, 60.0], "HEAD": [75.0, 80.0, 70.0]},
        "only now (/s)": {"v1": [], "HEAD": [1.0]},
    }
    table = compare(figures, sides).splitlines()
    assert table[-1] == "| checkout (/s) | 50 (40 to 60) | 75 (70 to 80) | 1.50 |"
