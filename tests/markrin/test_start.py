"""What a process imports when it starts, since each of them waits for that."""

import os
import subprocess
import sys

from dev.stack import ROOT

# Each takes a hundredth of a start or more, and most processes never use it.
LATER = {
    "email_validator",
    "fpdf",
    "markdown_it",
    "phonenumbers",
    "qrcode",
    "razorpay",
    "sentry_sdk",
    "stripe",
}


def test_the_web_process_imports_no_library_that_most_requests_can_do_without() -> (
    None
):
    code = f"import sys, markrin.rsgi; print(sorted({LATER} & {{*sys.modules}}))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "SENTRY_DSN": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout == "[]\n"
