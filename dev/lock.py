"""`make lock`: pin the newest versions that requirements*.in allow, with the hashes of
every file of each.

The lock files name no registry: pip takes the packages from wherever it is set up to, and
the hashes decide."""

import subprocess
import sys

from dev.stack import ROOT

OPTIONS = [
    "--quiet",
    "--upgrade",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
]
OPTIONS += [
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command",
    "make lock",
]
ADDRESS = ("--index-url", "--extra-index-url", "--find-links", "://", "file:")


def main() -> int:
    """Write requirements.txt and, consistent with it, requirements-dev.txt; return the exit
    code.
    """
    for name, limits in (
        ("requirements", []),
        ("requirements-dev", ["-c", "requirements.txt"]),
    ):
        lock = ROOT / f"{name}.txt"
        compiled = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            f"{name}.in",
            *limits,
            "-o",
            lock.name,
            *OPTIONS,
        ]
        subprocess.run(compiled, check=True, cwd=ROOT)
        for line in lock.read_text().splitlines():
            if any(part in line for part in ADDRESS):
                print(
                    f"{lock.name} names an address, which it must not: {line.strip()}",
                    file=sys.stderr,
                )
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
