"""Run a stand-in as a process: `python -m tests.providers stripe --port 12111 --webhooks URL`."""

import argparse
import signal
import sys
from threading import Event

from tests.providers.razorpay import RazorpayStandIn
from tests.providers.server import StandIn
from tests.providers.stripe import StripeStandIn


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.providers", description=__doc__
    )
    parser.add_argument("provider", choices=["stripe", "razorpay"])
    parser.add_argument(
        "--port", type=int, default=0, help="0 takes a free one, which is printed"
    )
    parser.add_argument(
        "--webhooks", default="", help="where events are told; empty: kept"
    )
    parser.add_argument("--webhook-secret", default="")
    wanted = parser.parse_args()
    secret = (
        {"webhook_secret": wanted.webhook_secret} if wanted.webhook_secret else {}
    )
    stand_in: StandIn = (
        StripeStandIn(**secret)
        if wanted.provider == "stripe"
        else RazorpayStandIn(**secret)
    )
    stand_in.webhooks.url = wanted.webhooks
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with stand_in.running(wanted.port):
        sys.stdout.write(f"{stand_in.url}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
