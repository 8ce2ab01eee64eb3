"""`python -m tests.chaos.run`: inject every fault, print the table, and exit 1 on a breach. Takes minutes."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["tests/chaos", "tests/concurrency", "-n0", "-p", "no:randomly", "-m", "", *sys.argv[1:]]))
