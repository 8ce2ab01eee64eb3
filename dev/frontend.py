"""`python -m dev.frontend`: lint, types, build, sizes and tests of the client and the storefront.

Needs npm; without it says so and passes, as `make up` does without the storefront.
"""

import shutil
import subprocess
import sys

from dev.stack import ROOT

FRONTEND = ROOT / "frontend"
INSTALL = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]


def main() -> int:
    """Run npm's checks and tests; return the code of the first that fails."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: the frontend was not checked.")
        return 0
    for command in (INSTALL, ["run", "check"], ["test"]):
        completed = subprocess.run([npm, *command], cwd=FRONTEND, check=False)
        if completed.returncode:
            return completed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
