"""Write the tables of states and steps into docs/orders.md: `python -m dev.order_states`.

They come from the tables that the triggers, the services and the admin's steps are made from.
"""

import os
import re
import sys
from collections.abc import Collection, Mapping

from dev.stack import ROOT

PAGE = ROOT / "docs/orders.md"
BEGIN = "<!-- states: written by `python -m dev.order_states` -->"
END = "<!-- end of states -->"


def make_tables() -> str:
    """Return the tables in Markdown: each state of an order, a parcel, a return and a payment, with
    the states that may follow and, of an order, what may be done with it.
    """
    from orders.models.fulfilment import NEXT_PARCEL_STATUS
    from orders.models.order_status import (
        BEFORE_SHIPPING,
        NEXT_PAYMENT_STATUS,
        NEXT_STATUS,
    )
    from orders.models.return_request import NEXT_RETURN_STATUS
    from orders.services.fulfilments import PACKABLE
    from orders.services.transitions import PIECES_CANCELLABLE

    done = {
        "pack": PACKABLE,
        "cancel": BEFORE_SHIPPING,
        "cancel pieces": PIECES_CANCELLABLE,
    }
    parts = [
        _make_table("an order that is", NEXT_STATUS, done),
        _make_table("a parcel that is", NEXT_PARCEL_STATUS, {}),
        _make_table("a return that is", NEXT_RETURN_STATUS, {}),
        _make_table("a payment that is", NEXT_PAYMENT_STATUS, {}),
    ]
    return "\n\n".join(parts)


def _make_table(
    noun: str,
    following: Mapping[str, Collection[str]],
    steps: Mapping[str, Collection[str]],
) -> str:
    columns = [f"→ {state}" for state in following] + list(steps)
    rows = [
        [
            state,
            *("✓" if target in following[state] else "" for target in following),
            *("✓" if state in allowed else "" for allowed in steps.values()),
        ]
        for state in following
    ]
    lines = [[noun, *columns], ["---"] * (len(columns) + 1), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def make_page(text: str) -> str:
    """Return the page with today's tables between its marks."""
    block = f"{BEGIN}\n\n{make_tables()}\n\n{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda match: block, text)


def main() -> int:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    import django

    django.setup()
    PAGE.write_text(make_page(PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
