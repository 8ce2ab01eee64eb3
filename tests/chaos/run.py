"""`make chaos`: inject every fault, print the table, and exit 1 on a breach. Takes 35 to 50
minutes.

`python -m tests.chaos.run -k broker` injects some of them.
"""

import os
import sys

import pytest

if __name__ == "__main__":
    os.environ["CHAOS"] = "1"
    # In one process and in order: the faults are this machine's, and two at once would be
    # counted as one.
    sys.exit(
        pytest.main(
            [
                "tests/chaos",
                "tests/concurrency",
                "tests/dev/test_up.py",
                "tests/year",
                "-n0",
                "-rs",  # what could not be tried here, and why
                "-p",
                "no:randomly",
                *sys.argv[1:],
            ]
        )
    )
