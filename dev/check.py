"""`make check`: every check that needs no test, two at a time; says which failed, and shows
what those printed.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dev import stack
from dev.processes import StackError

APPS = [
    "markrin",
    "products",
    "accounts",
    "orders",
    "storefront",
    "analytics",
    "demo",
]
PYTHON = sys.executable

# The slowest first. A new check is a new line.
CHECKS: dict[str, list[str]] = {
    "frontend": [PYTHON, "-m", "dev.frontend"],
    "types": [
        PYTHON,
        "-m",
        "mypy",
        *APPS,
        "celery_app.py",
        "dev",
        "tests",
        "benchmarks",
    ],
    "migrations are safe while the old code runs": [PYTHON, "-m", "dev.migrations"],
    "security": [
        PYTHON,
        "-m",
        "bandit",
        "-q",
        "-c",
        "pyproject.toml",
        "-r",
        *APPS,
        "celery_app.py",
    ],
    "layers": ["lint-imports"],
    "the table of ASVS is what the tests say": [
        PYTHON,
        "-m",
        "dev.asvs",
        "--check",
    ],
    "SQL names what other apps publish": [PYTHON, "-m", "dev.sql_tables"],
    "system checks": [PYTHON, "manage.py", "check", "--fail-level", "WARNING"],
    "models and migrations agree": [
        PYTHON,
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
    ],
    "lint": [PYTHON, "-m", "ruff", "check", "."],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
}


@dataclass
class Outcome:
    name: str
    code: int
    output: str
    seconds: float


def main() -> int:
    """Run the checks and return 1 if any failed."""
    with stack.development() as env, ThreadPoolExecutor(2) as pool:
        env["PATH"] = stack.path_with_tools()

        def run(name: str) -> Outcome:
            started_at = time.monotonic()
            completed = subprocess.run(
                CHECKS[name],
                check=False,
                env=env,
                cwd=stack.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            return Outcome(
                name,
                completed.returncode,
                completed.stdout,
                time.monotonic() - started_at,
            )

        failed = []
        for outcome in pool.map(run, CHECKS):
            print(
                f"{'FAILED' if outcome.code else 'ok':6}  {outcome.name} ({outcome.seconds:.1f} s)",
                flush=True,
            )
            if outcome.code:
                failed.append(outcome.name)
                print(outcome.output.rstrip(), flush=True)
    print(f"Failed: {', '.join(failed)}." if failed else "All checks pass.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"markrin: {error}")
