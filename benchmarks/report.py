"""A benchmark's table: printed, kept as JSON, and put into results.md with the machine it
was made on.
"""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"
PAGE = FOLDER / "results.md"
HISTORY = FOLDER / "history.json"
WHOLE_TARGETS = ("capacity",)
MANY_ROWS = 12  # of one goal: more are one line of the first table
_HEAD = """# Results

Every figure is a ratio taken side by side in one run; its command makes it again. Absolute numbers
are the machine's; ratios carry over. [history.json](history.json) has a row for each run.

## At a glance
"""
_GLANCE_HEAD = (
    "| what | beside | measured | goal | reached | command | at |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)
Document = dict[str, Any]  # what results/<name>.json holds


@dataclass(frozen=True)
class Row:
    """A comparison: what, beside what, the two numbers, their ratio, and what the ratio
    must reach.
    """

    what: str
    ours: str
    beside: str
    theirs: str
    ratio: str
    goal: str
    reached: bool


def within(
    ratio: float, *, at_least: float | None = None, at_most: float | None = None
) -> tuple[str, bool]:
    """Return the goal in words and whether the ratio reaches it."""
    if at_least is not None:
        return f"≥ {at_least:g}", ratio >= at_least
    if at_most is not None:
        return f"≤ {at_most:g}", ratio <= at_most
    return "-", True


def publish(
    name: str, title: str, rows: list[Row], notes: str = "", target: str = ""
) -> None:
    """Print the table, keep it under `name` in results/, write results.md anew, and add a line to
    history.json; `make bench-<target>` made it, or a target that is named whole.
    """
    table = _table(rows)
    print(f"\n{title}\n{table}\n{notes}")
    RESULTS.mkdir(exist_ok=True)
    document = {
        "name": name,
        "title": title,
        "command": f"make {target}"
        if target in WHOLE_TARGETS
        else f"make bench-{target or name}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine(),
        "notes": notes,
        "rows": [asdict(row) for row in rows],
    }
    (RESULTS / f"{name}.json").write_text(
        json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    _add_to_history(document)
    write_page()


def write_page() -> None:
    """Write results.md from what results/ holds: a line for each goal first, then the tables."""
    documents = [
        json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))
    ]
    glance = [line for document in documents for line in _goals(document)]
    tables = [_section(document) for document in documents]
    PAGE.write_text("\n".join([_HEAD, *_GLANCE_HEAD, *glance, "", *tables]))


def _goals(document: Document) -> list[str]:
    """Return the first table's lines: one for each row with a goal; the rows of one goal share a
    line where they are many.
    """
    rows_of: dict[str, list[Any]] = {}
    for row in document["rows"]:
        rows_of.setdefault(row["goal"], []).append(row)
    lines = []
    for row in document["rows"]:
        same = rows_of[row["goal"]]
        if row["goal"] == "-" or (len(same) > MANY_ROWS and row is not same[0]):
            continue
        what, measured = row["what"], row["ratio"] or row["ours"]
        reached = row["reached"]
        if len(same) > MANY_ROWS:
            what = f"{document['title']}: {len(same)} rows"
            reached = all(each["reached"] for each in same)
            measured = f"reached by {sum(each['reached'] for each in same)}"
        cells = (
            what,
            row["beside"],
            measured,
            row["goal"],
            "yes" if reached else "**no**",
            f"`{document['command']}`",
            f"{document['at'][:10]}, {document['commit']}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _section(document: Document) -> str:
    rows = [Row(**row) for row in document["rows"]]
    return (
        f"## {document['title']}\n"
        f"`{document['command']}`, {document['at'][:10]}, at {document['commit']},"
        f" {document['machine']}\n\n{_table(rows)}\n{document['notes']}"
    ).rstrip() + "\n"


def _add_to_history(document: Document) -> None:
    """Add one row for this run and commit: what was measured, the ratio or else the figure."""
    runs = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    runs.append(
        {
            "name": document["name"],
            "at": document["at"],
            "commit": document["commit"],
            "figures": {
                row["what"]: row["ratio"] or row["ours"]
                for row in document["rows"][:MANY_ROWS]
            },
        }
    )
    lines = ",\n".join(json.dumps(run, ensure_ascii=False) for run in runs)
    HISTORY.write_text(f"[\n{lines}\n]\n")


def _commit() -> str:
    """Return the commit that is measured, with a + where files of the checkout differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--abbrev=8", "--dirty=+", "--exclude=*"],
        cwd=FOLDER,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "?"


def machine() -> str:
    """Describe the machine in a line."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    python = f"CPython {platform.python_version()}"
    return (
        f"{os.cpu_count()} cores ({model}), {python}, {platform.system()}"
        f" {platform.machine()}"
    )


def _table(rows: list[Row]) -> str:
    head = ("what", "Markrin", "beside", "there", "ratio", "goal", "")
    lines = [
        head,
        tuple("---" for _ in head),
        *(
            (
                r.what,
                r.ours,
                r.beside,
                r.theirs,
                r.ratio,
                r.goal,
                "yes" if r.reached else "**no**",
            )
            for r in rows
        ),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
