"""A benchmark's table: printed, kept as JSON, and put into results.md with the machine it
was made on.
"""

import json
import os
import platform
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.md"
_HEAD = """# Results

Every figure is a ratio taken side by side in one run; the command above each table makes it
again. Absolute numbers are the machine's, which shared its cores with others; ratios carry over.
"""


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
    """Print the table, and keep it under `name` in results/ and results.md; `make
    bench-<target>` made it.
    """
    table = _table(rows)
    print(f"\n{title}\n{table}\n{notes}")
    (FOLDER / "results").mkdir(exist_ok=True)
    document = {
        "name": name,
        "at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }
    (FOLDER / "results" / f"{name}.json").write_text(
        json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    day = datetime.now(UTC).date().isoformat()
    section = (
        f"## {title}\n`make bench-{target or name}`, {day}, {machine()}\n\n"
        f"{table}\n{notes}"
    ).rstrip() + "\n"
    old = RESULTS.read_text() if RESULTS.exists() else _HEAD
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    block = begin + section + end
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    RESULTS.write_text(
        pattern.sub(lambda _: block, old)
        if pattern.search(old)
        else f"{old.rstrip()}\n\n{block}"
    )


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
