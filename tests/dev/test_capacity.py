"""The model of capacity: textbook queues, machines that carry the goal, the page made of it."""

import math
from dataclasses import replace

import pytest

from benchmarks import capacity_page
from benchmarks.capacity_model import (
    KINDS,
    MAX_BUSY,
    Noon,
    OneMachine,
    Plan,
    Traffic,
    Work,
    find_late_wait,
    find_mean_wait,
    find_wait_chance,
    list_limits,
    plan_machines,
    simulate_noon,
)

SERVICES = {
    "hit": Work(0.1, 0, 0),
    "miss": Work(2, 1, 0.1, wal_bytes=0),
    "cart change": Work(5, 2, 0.1, wal_bytes=1_000),
    "cart look": Work(4, 1, 0.1),
    "checkout": Work(6, 4, 0.2, wal_bytes=10_000),
    "order's jobs": Work(0, 5, 1, 20, 10_000),
}


@pytest.mark.parametrize(
    ("servers", "load", "chance"),
    # Source: tables of Erlang C, such as in L. Kleinrock, Queueing Systems, volume 1.
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (10, 8.0, 0.4092), (3, 3.0, 1.0)],
)
def test_erlang_c(servers: int, load: float, chance: float) -> None:
    assert find_wait_chance(servers, load) == pytest.approx(chance, abs=1e-4)


def test_waits_of_one_server_are_the_textbook_s() -> None:
    # M/M/1 at half its load waits as long as it serves; M/D/1 half of that (Pollaczek, Khinchine).
    assert find_mean_wait(1, 0.05, 10) == pytest.approx(10)
    assert find_mean_wait(1, 0.05, 10, variation=0) == pytest.approx(5)
    # Its wait exceeds t with the chance 0.5 e^(-t/20).
    assert find_late_wait(1, 0.05, 10) == pytest.approx(20 * math.log(50))
    assert find_mean_wait(1, 0.1, 10) == math.inf
    assert find_late_wait(4, 0.001, 10) == 0


def test_one_machine_ends_at_its_interpreter_or_its_cores() -> None:
    work = Work(web_ms=5, database_ms=1, valkey_ms=0)
    lock = OneMachine(work, 1, alone_ms=8, alone_p99_ms=12, cores=4)
    assert lock.capacity == pytest.approx(200)  # 5 ms of one interpreter
    cores = OneMachine(work, 1, 8, 12, cores=1, processes=4)
    assert cores.capacity == pytest.approx(1000 / 7)
    # Half busy, it waits once more for the interpreter; hardly for one of four cores.
    assert lock.find_median_ms(100) == pytest.approx(8 + 5, rel=0.05)
    assert lock.find_p99_ms(100) > lock.find_median_ms(100)


def test_what_others_leave_of_the_cores_and_few_places_bound_it() -> None:
    work = Work(web_ms=5, database_ms=4, valkey_ms=0)
    quiet = OneMachine(work, 1, alone_ms=20, alone_p99_ms=30, cores=2)
    assert quiet.capacity == pytest.approx(200)
    busy = replace(quiet, cores_left=0.5)  # each core is a quarter as fast
    assert busy.capacity == pytest.approx(50)
    assert busy.find_median_ms(25) > quiet.find_median_ms(100)
    # Two at a time, 20 ms each, whatever they wait for.
    assert replace(quiet, places=2).capacity == pytest.approx(100)


def test_no_tier_of_a_plan_is_busier_than_planned() -> None:
    demand = Traffic(10_000, 100, 0.9).demand(SERVICES)
    plan = plan_machines(demand)
    assert demand.web_ms == pytest.approx(
        9_000 * 0.1 + 1_000 * 2 + 700 * 5 + 1_000 * 4 + 600
    )
    assert demand.web_ms <= plan.processes * 1000 * MAX_BUSY
    assert demand.database_ms <= plan.database_cores * 1000 * MAX_BUSY
    limits = list_limits(plan, demand)
    assert limits[0].factor >= 1 / MAX_BUSY
    assert [each.factor for each in limits] == sorted(
        each.factor for each in limits
    )


def test_a_sale_at_noon_waits_where_machines_are_few_and_nowhere_else() -> None:
    noon = Noon()
    few = simulate_noon(noon, SERVICES, Plan(1, 2, 1, 2))
    many = simulate_noon(noon, SERVICES, Plan(40, 8, 200, 96))
    assert few.web_wait_s > 10
    assert few.over_after_s > 60
    assert (many.web_wait_s, many.database_wait_s, many.over_after_s) == (0, 0, 0)
    # The most come in the first second, and buy a minute and a half later.
    assert many.peak_reads > 50_000 / 60 * 4 * 0.9
    assert many.peak_orders == pytest.approx(0.1 * 50_000 / 60, rel=0.02)


def test_the_page_s_tables_are_those_of_what_was_measured_last() -> None:
    services = capacity_page.load_services()
    assert tuple(services) == KINDS
    page = capacity_page.PAGE.read_text()
    assert capacity_page.make_tables(services) in page
