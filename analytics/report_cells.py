"""How a figure is written in an answer."""

from decimal import Decimal
from typing import Any

Cell = str | int | None


def format_cell(value: Any, kind: str) -> Cell:
    """Return a cell as JSON and CSV show it: money and ratios as text that no reader rounds."""
    if value is None:
        return None
    if kind in ("money", "ratio"):
        return str(
            Decimal(value).quantize(Decimal("0.01"))
            if kind == "money"
            else Decimal(value)
        )
    if kind == "number":
        return int(value)
    return str(value)
