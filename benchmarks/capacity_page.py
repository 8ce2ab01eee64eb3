"""docs/scaling.md's tables of capacity, made from what was measured last, which is kept."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.capacity_model import (
    KINDS,
    MAX_BUSY,
    Noon,
    Plan,
    Services,
    Traffic,
    Work,
    list_limits,
    plan_machines,
    simulate_noon,
)
from dev.stack import ROOT

SERVICES: Final = Path(__file__).resolve().parent / "service_times.json"
PAGE: Final = ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- made by make capacity -->", "<!-- as far as here -->"
READS, ORDERS = 10_000, 100
HIT_SHARES: Final = (0.99, 0.95, 0.80)
SMALL: Final = Plan(web_machines=1, web_cores=2, worker_cores=1, database_cores=2)


def save_services(services: Services) -> None:
    """Keep what was measured."""
    rounded = {
        kind: {
            name: round(value, 4) for name, value in asdict(services[kind]).items()
        }
        for kind in KINDS
    }
    SERVICES.write_text(json.dumps(rounded, indent=1) + "\n")


def load_services() -> Services:
    """Return what was measured last."""
    return {
        kind: Work(**work)
        for kind, work in json.loads(SERVICES.read_text()).items()
    }


def describe_services(services: Services) -> str:
    """Return it in a line."""
    return "; ".join(
        f"{kind} web {work.web_ms:.2f}, PostgreSQL {work.database_ms:.2f},"
        f" Valkey {work.valkey_ms:.2f}, workers {work.worker_ms:.2f} ms"
        for kind, work in services.items()
    )


def write_page() -> None:
    """Put the tables into docs/scaling.md, between its two marks."""
    text = PAGE.read_text()
    made = f"{BEGIN}\n{make_tables(load_services())}\n{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: made, text))


def make_tables(services: Services) -> str:
    """Return the tables as Markdown."""
    return "\n\n".join(
        (
            _table_of_services(services),
            _table_of_machines(services),
            _table_of_limits(services),
            _table_of_noon(services),
        )
    )


def _table_of_services(services: Services) -> str:
    rows = [
        (
            kind,
            f"{work.web_ms:.2f}",
            f"{work.database_ms:.2f}",
            f"{work.valkey_ms:.2f}",
            f"{work.worker_ms:.2f}",
            f"{work.wal_bytes / 1000:.1f}",
        )
        for kind, work in services.items()
    ]
    head = (
        "one",
        "web, ms",
        "PostgreSQL, ms",
        "Valkey, ms",
        "workers, ms",
        "log, kB",
    )
    return _table(head, rows)


def _table_of_machines(services: Services) -> str:
    rows = []
    for share in HIT_SHARES:
        demand = Traffic(READS, ORDERS, share).demand(services)
        plan = plan_machines(demand)
        rows.append(
            (
                f"{share:.0%}",
                f"{demand.web_ms / 1000:.1f}",
                f"{plan.web_machines} x {plan.web_cores} cores",
                f"{demand.database_ms / 1000:.1f}",
                f"{plan.database_cores} cores",
                f"{demand.valkey_ms / 1000:.2f}",
                f"{demand.worker_ms / 1000:.1f}",
                f"{plan.worker_cores} cores",
                f"{plan.connections}",
                f"{demand.wal_bytes / 1e6:.1f} MB/s",
            )
        )
    head = (
        *("hits", "web cores busy", "so", "PostgreSQL cores busy", "so"),
        *("Valkey cores busy", "worker cores busy", "so", "connections", "log"),
    )
    return _table(head, rows)


def _table_of_limits(services: Services) -> str:
    rows = []
    for share in HIT_SHARES:
        demand = Traffic(READS, ORDERS, share).demand(services)
        limits = list_limits(plan_machines(demand), demand)
        order = "; ".join(
            f"{limit.what} at {limit.factor:.1f} x" for limit in limits
        )
        rows.append((f"{share:.0%}", order))
    return _table(
        ("hits", "what breaks first, at how many times this traffic"), rows
    )


def _table_of_noon(services: Services) -> str:
    noon = Noon()
    planned = plan_machines(Traffic(READS, ORDERS, noon.hit_share).demand(services))
    half = Plan(max(1, planned.web_machines // 2), 8, planned.worker_cores, 8)
    rows = []
    for what, plan in (
        ("one of 2 cores for each", SMALL),
        ("half of the web machines, PostgreSQL of 8 cores", half),
        ("those above for 95 %", planned),
    ):
        crowd = simulate_noon(noon, services, plan)
        rows.append(
            (
                what,
                f"{crowd.peak_reads:,.0f}",
                f"{crowd.peak_orders:,.0f}",
                f"{crowd.web_wait_s:,.0f} s",
                f"{crowd.database_wait_s:,.0f} s",
                f"{crowd.late_jobs_s:,.0f} s",
                f"{crowd.over_after_s:,.0f} s"
                if crowd.over_after_s
                else "nobody waits",
            )
        )
    head = (
        *(
            "machines",
            "reads/s at most",
            "orders/s at most",
            "longest wait for a web process",
        ),
        *("for PostgreSQL", "a job comes late by", "waiting ends after"),
    )
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


__all__ = [
    "MAX_BUSY",
    "load_services",
    "make_tables",
    "save_services",
    "write_page",
]
