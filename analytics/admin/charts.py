"""A period's days beside those of the period before, as coordinates for an SVG: no script,
and readable without it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

WIDTH, HEIGHT = 1000.0, 240.0


@dataclass(frozen=True)
class Day:
    """A day's place in the picture, and what it says when pointed at."""

    left: float
    width: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Two lines on one scale. `now` and `before` are an SVG's points; `area` is what lies
    below the first.
    """

    title: str
    text: str
    now: str
    before: str
    area: str
    ticks: list[str]
    first: date
    middle: date
    last: date
    days: list[Day]
    rows: list[tuple[date, str, str]]
    width: float = WIDTH
    height: float = HEIGHT


def draw_chart(
    title: str,
    days: Sequence[date],
    now: Sequence[Any],
    before: Sequence[Any],
    spoken: Callable[[Any], str],
) -> Chart:
    """Return the chart of one number a day; `before` are as many days of the period before."""
    top = _round_up(max(*map(float, now), *map(float, before), 1.0))
    line = _format_points(now, top)
    left, right = _x_of(0, len(days)), _x_of(len(days) - 1, len(days))
    step = WIDTH / len(days)
    rows = [
        (day, spoken(ours), spoken(previous))
        for day, ours, previous in zip(days, now, before, strict=True)
    ]
    return Chart(
        title=title,
        text=(
            f"{title}: {spoken(sum(now))} in these {len(days)} days, "
            f"{spoken(sum(before))} in the {len(days)} before."
        ),
        now=line,
        before=_format_points(before, top),
        area=f"{left:.1f},{HEIGHT} {line} {right:.1f},{HEIGHT}",
        ticks=[spoken(top), spoken(top / 2), spoken(0)],
        first=days[0],
        middle=days[len(days) // 2],
        last=days[-1],
        days=[
            Day(
                number * step,
                step,
                f"{day:%a %d %b}: {ours}; the period before: {previous}",
            )
            for number, (day, ours, previous) in enumerate(rows)
        ],
        rows=rows,
    )


def _x_of(number: int, count: int) -> float:
    return (number + 0.5) * WIDTH / count


def _format_points(values: Sequence[Any], top: float) -> str:
    return " ".join(
        # a day below 0, on which more came back than left, lies on the ground line
        f"{_x_of(number, len(values)):.1f},"
        f"{HEIGHT - max(0.0, float(value)) / top * HEIGHT:.1f}"
        for number, value in enumerate(values)
    )


def _round_up(value: float) -> float:
    """Return the next round number: 1, 2 or 5 times a power of ten, or 4 times, so that its
    half is round, too.
    """
    power = 10 ** math.floor(math.log10(value))
    return next(
        float(factor * power)
        for factor in (1, 2, 4, 6, 8, 10)
        if factor * power >= value
    )
