"""`make bench-compare REV=…`: run benchmarks of two revisions side by side, in turns, and
print the ratios.

Each revision is checked out below LOCAL_DIR/compare with the packages of its own lock file, and
runs its own benchmark: so what is compared are two shops, not two ways of measuring. What the
other one was doing meanwhile is nothing: the turns alternate, and the first of a pair changes
from turn to turn."""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import NotReady, say
from dev import processes
from dev.stack import ROOT, local_dir

BENCHMARKS = ("reads", "checkout", "outbox")
# `ours` of a row begins with a number and its unit: "69/s", "13.02 ms", "1,204/s".
_FIGURE = re.compile(r"^([\d,]+(?:\.\d+)?)\s*(/s|ms|s)\b")


@dataclass(frozen=True)
class Side:
    """One of the two revisions: its name as given, its commit, and where it is checked out."""

    name: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"


def main() -> int:
    """Compare; return 1 where a revision or one of its benchmarks is not to be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "revision", help="the revision to compare with, such as v1.0.0"
    )
    parser.add_argument(
        "benchmarks",
        nargs="*",
        default=list(BENCHMARKS),
        help='each with its own arguments, in quotes: "reads --only cached"',
    )
    parser.add_argument(
        "--with", dest="this", default="HEAD", help="the other (HEAD)"
    )
    parser.add_argument("--turns", type=int, default=3, help="runs of each side")
    # options may stand between the revision and the benchmarks
    options = parser.parse_intermixed_args()
    try:
        sides = [check_out(options.revision), check_out(options.this)]
        for benchmark in options.benchmarks:
            figures = run_in_turns(benchmark, sides, options.turns)
            print(f"\n{benchmark}\n{compare(figures, sides)}", flush=True)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_out(revision: str) -> Side:
    """Return the revision, checked out with its packages. Raises: NotReady."""
    asked = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not asked:
        raise NotReady(
            f"{revision} names no commit here; git fetch, or another name"
        )
    home = processes.own_folder(local_dir() / "compare")
    folder = home / asked[:12]
    side = Side(revision, folder)
    if not folder.exists():
        say(f"Checking out {revision} …")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        subprocess.run(
            ["git", "-C", str(folder), "checkout", "-q", asked], check=True
        )
    if not (folder / ".venv" / "installed").exists():
        say(f"Installing the packages of {revision} …")
        make = ["make", "--silent", ".venv/installed"]
        if subprocess.run(make, cwd=folder, check=False).returncode:
            raise NotReady(f"the packages of {revision} could not be installed")
    return side


def run_in_turns(
    benchmark: str, sides: list[Side], turns: int
) -> dict[str, dict[str, list[float]]]:
    """Return {what was measured: {revision: its figures, one a turn}}. Raises: NotReady."""
    figures: dict[str, dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for turn in range(turns):
        for side in sides if turn % 2 == 0 else reversed(sides):
            say(f"{benchmark}, turn {turn + 1} of {turns}: {side.name}")
            for what, figure in _run(benchmark, side).items():
                figures[what][side.name].append(figure)
    return figures


def _run(benchmark: str, side: Side) -> dict[str, float]:
    name, *arguments = shlex.split(benchmark)
    results = side.folder / "benchmarks" / "results"
    for old in results.glob("*.json"):
        old.unlink()
    done = subprocess.run(
        [side.python, "-m", f"benchmarks.{name}", *arguments],
        cwd=side.folder,
        env=os.environ | {"LOCAL_DIR": str(side.folder / ".local")},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found: dict[str, float] = {}
    for path in sorted(results.glob("*.json")):
        for row in json.loads(path.read_text())["rows"]:
            if figure := _FIGURE.match(row["ours"]):
                found[f"{row['what']} ({figure[2]})"] = float(
                    figure[1].replace(",", "")
                )
    if not found:  # a goal missed exits with 1 as well, but has figures
        raise NotReady(
            f"{benchmark} of {side.name} measured nothing:\n{done.stdout}"
        )
    return found


def compare(figures: dict[str, dict[str, list[float]]], sides: list[Side]) -> str:
    """Return the table: what, each side's median with its spread, the second by the first."""
    before, now = (side.name for side in sides)
    lines = [f"| what | {before} | {now} | ratio |", "| --- | --- | --- | --- |"]
    for what, by_side in figures.items():
        if not (by_side[before] and by_side[now]):
            continue  # one of them does not measure that
        ratio = statistics.median(by_side[now]) / statistics.median(by_side[before])
        shown = [
            f"{statistics.median(each):g} ({min(each):g} to {max(each):g})"
            for each in (by_side[before], by_side[now])
        ]
        lines.append(f"| {what} | {shown[0]} | {shown[1]} | {ratio:.2f} |")
    return "\n".join(lines)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
