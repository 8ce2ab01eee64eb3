"""How much one machine carries, and how many machines carry a goal: open arrivals at queues
whose servers are the interpreters of the web processes and the cores.

Pure: it takes what `benchmarks/capacity.py` has measured (`service_times.json`) and reads no clock.
A second of processor is one of the core that was measured. Source of the formulas: Erlang C for
M/M/c; Allen and Cunneen's correction for other service times; L. Kleinrock, Queueing Systems.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

MAX_BUSY: Final = (
    0.6  # of a tier's cores, planned for: the rest is for what nobody foresaw
)
THREADS: Final = 8  # of one web process, each with a connection to the database
CART_CHANGES: Final = (
    7  # for one order: two lines in each of 3.3 carts, 70 % of which nobody buys
)
CART_LOOKS: Final = 10
WAL_BYTES_PER_S: Final = 100e6  # that a plain SSD writes through all day


@dataclass(frozen=True)
class Work:
    """What one request of a kind takes, in milliseconds of processor and bytes of WAL."""

    web_ms: float
    database_ms: float
    valkey_ms: float
    worker_ms: float = 0
    wal_bytes: float = 0

    def times(self, rate: float) -> "Work":
        """Return what so many of them take together."""
        return Work(*(getattr(self, slot.name) * rate for slot in fields(self)))

    def __add__(self, other: "Work") -> "Work":
        return Work(
            *(
                getattr(self, slot.name) + getattr(other, slot.name)
                for slot in fields(self)
            )
        )


NOTHING: Final = Work(0, 0, 0)
KINDS: Final = (
    "hit",
    "miss",
    "cart change",
    "cart look",
    "checkout",
    "order's jobs",
)
Services = Mapping[str, Work]  # what was measured of each of KINDS


# --- Queues --------------------------------------------------------------------------------------
def find_wait_chance(servers: int, load: float) -> float:
    """Return how likely an arrival waits (Erlang C); `load` is the mean number of busy servers."""
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang B, by its recursion
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def find_mean_wait(
    servers: int, rate: float, service: float, *, variation: float = 1.0
) -> float:
    """Return how long an arrival waits in the mean; infinite where more comes than is served.

    `rate` is by the unit of `service`; `variation` is the service's squared coefficient of
    variation.
    """
    load = rate * service
    if load >= servers:
        return math.inf
    chance = find_wait_chance(servers, load)
    return chance * service / (servers - load) * (1 + variation) / 2


def find_late_wait(
    servers: int, rate: float, service: float, *, share: float = 0.01
) -> float:
    """Return the wait that only `share` of the arrivals exceed: those that wait at all wait
    exponentially long.
    """
    load = rate * service
    if load >= servers:
        return math.inf
    chance = find_wait_chance(servers, load)
    if chance <= share:
        return 0.0
    return math.log(chance / share) * service / (servers - load)


# --- One machine, as it was measured -------------------------------------------------------------
@dataclass(frozen=True)
class OneMachine:
    """Everything on the same cores, the load's own client too: what real runs can be held
    against. `alone_ms` and `alone_p99_ms` are the latencies when hardly anything comes.

    `cores_left` are those that nobody else uses: of two of which others take half, each is half as
    fast. At most `places` requests are worked on at once (0: any number), each as long as alone;
    that bound holds for waits that take no processor, too. Source: P. Denning and J. Buzen, "The
    operational analysis of queueing network models", 1978.
    """

    work: Work
    client_ms: float
    alone_ms: float
    alone_p99_ms: float
    cores: int = 2
    processes: int = 1
    cores_left: float | None = None  # None: all of them
    places: int = 0

    @property
    def slowness(self) -> float:
        """How many times longer work takes than on cores of one's own."""
        return self.cores / (self.cores_left or self.cores)

    @property
    def total_s(self) -> float:
        """Seconds for one request's work on a core, of all who have to do with it."""
        work = self.work
        alone = work.web_ms + work.database_ms + work.valkey_ms + self.client_ms
        return alone * self.slowness / 1000

    @property
    def capacity(self) -> float:
        """Requests a second at which the first queue never ends."""
        lock = self.processes / (self._web_ms / 1000)
        places = self.places / (self.alone_ms / 1000) if self.places else math.inf
        return min(lock, self.cores / self.total_s, places)

    def find_median_ms(self, rate: float) -> float:
        """Return the latency at this rate: alone, and what it waits for interpreter and core."""
        per_ms = rate / 1000
        lock = find_mean_wait(self.processes, per_ms, self._web_ms)
        return (
            self.alone_ms
            + lock
            + find_mean_wait(self.cores, per_ms, self._total_ms)
        )

    def find_p99_ms(self, rate: float) -> float:
        """Return the 99th percentile at this rate: alone, and the longer of the two waits."""
        per_ms = rate / 1000
        lock = find_late_wait(self.processes, per_ms, self._web_ms)
        cores = find_late_wait(self.cores, per_ms, self._total_ms)
        return self.alone_p99_ms + max(lock, cores)

    @property
    def _web_ms(self) -> float:
        return self.work.web_ms * self.slowness

    @property
    def _total_ms(self) -> float:
        return self.total_s * 1000


# --- A goal, and its machines --------------------------------------------------------------------
@dataclass(frozen=True)
class Traffic:
    """What comes in a second. `hit_share` of the catalogue reads are answered from memory."""

    reads: float
    orders: float
    hit_share: float

    @property
    def rates(self) -> dict[str, float]:
        """Requests a second of each of KINDS."""
        return {
            "hit": self.reads * self.hit_share,
            "miss": self.reads * (1 - self.hit_share),
            "cart change": self.orders * CART_CHANGES,
            "cart look": self.orders * CART_LOOKS,
            "checkout": self.orders,
            "order's jobs": self.orders,
        }

    def demand(self, services: Services) -> Work:
        """Return what it takes, a second: milliseconds of each tier's processors."""
        total = NOTHING
        for kind, rate in self.rates.items():
            total += services[kind].times(rate)
        return total


@dataclass(frozen=True)
class Plan:
    """The machines: so many of so many cores for web processes (one a core) and for workers, one
    PostgreSQL, one Valkey.
    """

    web_machines: int
    web_cores: int
    worker_cores: int
    database_cores: int

    @property
    def processes(self) -> int:
        return self.web_machines * self.web_cores

    @property
    def connections(self) -> int:
        """That the web processes may open."""
        return self.processes * THREADS


SIZES: Final = (2, 4, 8, 16, 32, 64, 96)  # cores of machines that are for rent


def plan_machines(demand: Work, *, web_cores: int = 8) -> Plan:
    """Return the machines on which nothing is busier than MAX_BUSY at this demand."""

    def cores(milliseconds: float) -> int:
        return max(1, math.ceil(milliseconds / 1000 / MAX_BUSY))

    database = cores(demand.database_ms)
    return Plan(
        web_machines=max(2, math.ceil(cores(demand.web_ms) / web_cores)),
        web_cores=web_cores,
        worker_cores=cores(demand.worker_ms),
        database_cores=next((size for size in SIZES if size >= database), database),
    )


@dataclass(frozen=True)
class Limit:
    """Something that ends growth: how many times the traffic it carries, and what it is."""

    factor: float
    what: str


def list_limits(plan: Plan, demand: Work) -> list[Limit]:
    """Return what breaks at how many times this demand, the first first."""
    found = [
        Limit(plan.processes * 1000 / demand.web_ms, "web processes"),
        Limit(
            plan.database_cores * 1000 / demand.database_ms, "PostgreSQL's cores"
        ),
        Limit(1000 / demand.valkey_ms, "Valkey's one thread"),
        Limit(
            plan.worker_cores * 1000 / demand.worker_ms, "workers (jobs come late)"
        ),
        Limit(
            WAL_BYTES_PER_S / demand.wal_bytes, "the disk of the write-ahead log"
        ),
    ]
    return sorted(found, key=lambda limit: limit.factor)


# --- A sale that opens at noon -------------------------------------------------------------------
@dataclass(frozen=True)
class Noon:
    """So many people come at noon, `coming_s` in the mean after it; each reads pages, some fill a
    cart, fewer buy.
    """

    people: int = 50_000
    coming_s: float = 60
    reads: int = 8
    fill_share: float = 0.3
    buy_share: float = 0.1
    hit_share: float = 0.95


@dataclass(frozen=True)
class Crowd:
    """What the sale does: the most requests a second that come, the longest waits, and until when
    somebody waits; in seconds.
    """

    peak_reads: float
    peak_orders: float
    web_wait_s: float
    database_wait_s: float
    late_jobs_s: float
    over_after_s: float


def simulate_noon(noon: Noon, services: Services, plan: Plan) -> Crowd:
    """Return what comes of it, second by second: what a tier does not get done waits for the next.

    Half of somebody's pages are read in the second of arrival, the others over the next minute; the
    cart is filled 30 s after arrival, and bought 60 s after that.
    """
    coming = _list_arrivals(noon)
    waiting = {"web": 0.0, "database": 0.0, "worker": 0.0}
    capacity = {
        "web": plan.processes * 1000.0,
        "database": plan.database_cores * 1000.0,
        "worker": plan.worker_cores * 1000.0,
    }
    longest, peaks, over = dict.fromkeys(waiting, 0.0), [0.0, 0.0], 0
    for second in range(len(coming)):
        traffic = _traffic_at(noon, coming, second)
        peaks = [max(peaks[0], traffic.reads), max(peaks[1], traffic.orders)]
        demand = traffic.demand(services)
        for tier in waiting:
            left = waiting[tier] + getattr(demand, f"{tier}_ms") - capacity[tier]
            waiting[tier] = max(0.0, left)
            longest[tier] = max(longest[tier], waiting[tier] / capacity[tier])
        if waiting["web"] or waiting["database"]:
            over = second + 1
    return Crowd(
        peaks[0],
        peaks[1],
        longest["web"],
        longest["database"],
        longest["worker"],
        over,
    )


def _list_arrivals(noon: Noon) -> list[float]:
    """Return how many people come in each second, until the last has gone."""
    gone = [
        1 - math.exp(-second / noon.coming_s)
        for second in range(20 * int(noon.coming_s))
    ]
    return [
        noon.people * (after - before) for before, after in itertools.pairwise(gone)
    ]


def _traffic_at(noon: Noon, coming: Sequence[float], second: int) -> Traffic:
    def came(before: int) -> float:
        return coming[second - before] if second >= before else 0.0

    late = sum(came(before) for before in range(1, 61)) / 60
    reads = noon.reads / 2 * (came(0) + late)
    orders = noon.buy_share * came(90)
    # Carts are filled by those who will not buy, too; `Traffic` counts by orders.
    carts = noon.fill_share * came(30) * 2
    return _NoonTraffic(reads, orders, noon.hit_share, carts)


@dataclass(frozen=True)
class _NoonTraffic(Traffic):
    carts: float = 0

    @property
    def rates(self) -> dict[str, float]:
        return super().rates | {"cart change": self.carts, "cart look": self.carts}
