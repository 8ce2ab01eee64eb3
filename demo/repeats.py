"""Repeats a large demo's block of trade among the twins of its people and products (twins.py).

Python makes the rows of a fifth of the orders, which go into temporary tables; PostgreSQL writes
all rounds from these, a part of the orders in one statement a table. A round has the moments,
amounts and taxes of the first, and ids, numbers, people and products of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import orjson
from django.db import connection

from demo import catalogue
from demo.row_writer import COLUMNS, RowWriter
from demo.sales import Trade
from markrin.db.copy import default_values
from orders.promotion_terms import Person as PromotionPerson

# Of the first round: PostgreSQL writes one while Python makes the next.
_PARTS: Final = 5
# 74 bits of an id are hashed (`make_uuid`), so what is like one in all but its last digit is of
# another round.
_IN_ROUND: Final = """CREATE OR REPLACE FUNCTION pg_temp.in_round(uuid, integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$ SELECT encode(set_byte(uuid_send($1), 15,
        (get_byte(uuid_send($1), 15) & 240) | ((get_byte(uuid_send($1), 15) + $2) & 15)
        ), 'hex')::uuid $$"""
_TWIN_PERSON: Final = """CREATE TEMP TABLE twin_person (user_id uuid, of_round integer,
    twin_id uuid, email text, email_hash text, recipient text, phone text, street text, city text,
    postal_code text, buyer jsonb) ON COMMIT DROP"""
_TWIN_CHOICE: Final = """CREATE TEMP TABLE twin_choice (variant_id uuid, of_round integer,
    twin_id uuid, product_id uuid, category_id uuid, name text, sku text, size text, color text)
    ON COMMIT DROP"""


def _join(twin: str, key: str, of: str) -> str:
    return (
        f"LEFT JOIN {twin} AS twin ON twin.{key} = {of} AND twin.of_round = round"
    )


_PERSON, _CHOICE = ("twin_person", "user_id"), ("twin_choice", "variant_id")
_NUMBER: Final = "(split_part({}, '-', 3)::bigint + round)"
# As `Sale.order_number` writes it.
_ORDER_NUMBER: Final = (
    "left({0}, 8) || lpad({1}::text, greatest(6, length({1}::text)), '0')"
)
_TRACKING: Final = "(tracking_number::bigint + 7919 * round)::text"
# As `demo_17` and `demo_17_refund`.
_REFERENCE: Final = """CASE WHEN provider_ref <> '' THEN 'demo_'
    || (split_part(provider_ref, '_', 2)::bigint + round)"""


def _number(column: str) -> str:
    return _ORDER_NUMBER.format(column, _NUMBER.format(column))


def _renew_key(column: str) -> str:
    """Return the SQL of what is written as `kind:id` or `kind:id:rest`."""
    return f"""split_part({column}, ':', 1) || ':'
        || pg_temp.in_round(split_part({column}, ':', 2)::uuid, round)
        || substr({column}, length(split_part({column}, ':', 1)) + 38)"""


@dataclass(frozen=True)
class _Repeated:
    """How rows of a table differ from the first round's: their columns `ids` are of its own, and
    `others` are made by SQL of `made`, `round` and what is joined. The rest stays. They are
    written in no order, if there is no `order`, and once the whole round is made, if it
    `needs_all`."""

    ids: str
    others: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    order: str = ""
    needs_all: bool = False


_REPEATED: Final[dict[str, _Repeated]] = {
    "orders_order": _Repeated(
        "id",
        {
            "number": _number("made.number"),
            "user_id": "twin.twin_id",
            "email": "coalesce(twin.email, 'guest.' || "
            f"{_NUMBER.format('made.number')} || '@markrin.example')",
            "guest_token_hash": "CASE WHEN made.user_id IS NULL THEN"
            " sha256(pg_temp.in_round(made.id, round)::text::bytea) END",
            # A guest's parcels go to one address.
            **{
                name: f"coalesce(twin.{name}, made.{name})"
                for name in ("recipient", "phone", "street", "city", "postal_code")
            },
        },
        _join(*_PERSON, of="made.user_id"),
    ),
    "orders_orderline": _Repeated(
        "id order_id",
        {
            "variant_id": "twin.twin_id",
            **{
                name: f"twin.{name}"
                for name in (
                    "product_id",
                    "category_id",
                    "name",
                    "sku",
                    "size",
                    "color",
                )
            },
        },
        _join(*_CHOICE, of="made.variant_id"),
    ),
    "orders_ordertax": _Repeated("order_id line_id"),
    "orders_orderdiscount": _Repeated(
        "id order_id",
        {
            "shares": "(SELECT jsonb_object_agg(pg_temp.in_round(key::uuid, round), value)"
            " FROM jsonb_each(made.shares))",
            "user_id": "twin.twin_id",
            "email_hash": "twin.email_hash",
        },
        _join(*_PERSON, of="made.user_id"),
    ),
    "orders_orderevent": _Repeated(
        "order_id",
        {"by_id": "coalesce(twin.twin_id, made.by_id)"},  # staff have no twins
        _join(*_PERSON, of="made.by_id"),
        # An order's events of one moment are told apart by what was written first.
        order="ORDER BY round, made.ctid",
    ),
    "orders_fulfilment": _Repeated(
        "id order_id",
        {
            "tracking_number": _TRACKING,
            "tracking_url": "left(tracking_url, -length(tracking_number)) ||"
            f" {_TRACKING}",
        },
    ),
    "orders_fulfilmentline": _Repeated("id fulfilment_id line_id"),
    "orders_return": _Repeated("id order_id"),
    "orders_returnline": _Repeated("id parcel_id line_id"),
    "orders_payment": _Repeated(
        "id order_id", {"provider_ref": f"{_REFERENCE} ELSE '' END"}
    ),
    "orders_refund": _Repeated(
        "id order_id payment_id",
        {"provider_ref": f"{_REFERENCE} || '_refund' ELSE '' END"},
    ),
    "orders_invoice": _Repeated(
        "id order_id fulfilment_id original_id",
        {
            "cause": _renew_key("made.cause"),
            "data": "made.data || jsonb_build_object('order_number', "
            + _number("(made.data ->> 'order_number')")
            + ","
            " 'buyer', coalesce(twin.buyer, made.data -> 'buyer'))",
        },
        "JOIN block_orders_order AS placed ON placed.id = made.order_id "
        + _join(*_PERSON, of="placed.user_id"),
    ),
    "orders_invoiceline": _Repeated(
        "invoice_id line_id",
        {
            "id": "made.id + round * (SELECT max(id) FROM block_orders_invoiceline)",
            "original_id": "made.original_id"
            " + round * (SELECT max(id) FROM block_orders_invoiceline)",
            # As `sale_invoices` writes it; of the shipping there is no choice.
            "name": """coalesce(twin.name || coalesce(' (' || nullif(concat_ws(', ',
                nullif(twin.size, ''), nullif(twin.color, '')), '') || ')', ''), made.name)""",
        },
        "LEFT JOIN block_orders_orderline AS sold ON sold.id = made.line_id "
        + _join(*_CHOICE, of="sold.variant_id"),
        needs_all=True,
    ),
    "outbox_event": _Repeated(
        "event_id",
        {
            "key": _renew_key("made.key"),
            "payload": "jsonb_build_object('order_id',"
            " pg_temp.in_round((made.payload ->> 'order_id')::uuid, round))",
        },
    ),
    "products_stockmovement": _Repeated(
        "",
        {"variant_id": "twin.twin_id", "ref": _renew_key("made.ref")},
        _join(*_CHOICE, of="made.variant_id"),
        # As a shop would write them: a BRIN index finds those of a day.
        order="ORDER BY made.created_at, made.ref",
        needs_all=True,
    ),
}


def run_in_rounds(trade: Trade, progress: Callable[[int], None]) -> None:
    """Make the first round of the trade in Python, and have the sink write all rounds of what is
    made while more is. Part of the caller's transaction; some is still being written at the end.
    `progress` is told of all rounds of an order as it is made.
    """
    sink, rounds = trade.sink, trade.twins.rounds
    writer = _RoundsWriter(sink, rounds)
    writer.make_blocks()
    _write_twins(trade)
    sink.redirect(writer.blocks)
    per_part = max(1, trade.plan.orders // rounds // _PARTS)
    made = 0

    def count_made(orders: int) -> None:
        nonlocal made
        made += 1
        if made % per_part == 0:
            sink.run_after(writer.write_part)
        progress(orders)

    trade.run(count_made)
    sink.run_after(partial(writer.write_part, is_last=True))
    sink.redirect({})


class _RoundsWriter:
    """Writes all rounds from the blocks: tables of the first round's rows, which grow.

    What has come since the last part lies behind it: COPY only appends to a table of its own
    transaction (TABLE_INSERT_SKIP_FSM in PostgreSQL's copyfrom.c). That nothing was passed over
    is asked at the end.
    """

    def __init__(self, sink: RowWriter, rounds: int) -> None:
        self._sink, self._last_round = sink, rounds - 1
        self.blocks = {table: f"block_{table}" for table in _REPEATED}
        # The place in each block of the last row whose rounds are written.
        self._written = dict.fromkeys(_REPEATED, "(0,0)")
        self._repeated = dict.fromkeys(_REPEATED, 0)  # rows of the blocks

    def make_blocks(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_IN_ROUND)
            for table, block in self.blocks.items():
                cursor.execute(
                    f"CREATE TEMP TABLE {block} ON COMMIT DROP AS"  # noqa: S608 (our own names)
                    f" SELECT {', '.join(_list_columns(table))} FROM {table} WITH NO DATA"
                )

    def write_part(self, *, is_last: bool = False) -> None:
        """Write the rounds of what has come into the blocks, which are whole orders.

        Raises: RuntimeError: a row of the first round has no others, or too many.
        """
        counts = self._sink.counts
        with connection.cursor() as cursor:
            for table, block in self.blocks.items():
                if _REPEATED[table].needs_all and not is_last:
                    continue
                cursor.execute(
                    _make_statement(table, block),
                    [self._last_round, self._written[table]],
                )
                counts[table] = counts.get(table, 0) + cursor.rowcount
                self._repeated[table] += cursor.rowcount // (self._last_round + 1)
                cursor.execute(f"SELECT max(ctid)::text, count(*) FROM {block}")  # noqa: S608 (our own names)
                last, made = cursor.fetchone()
                self._written[table] = last or self._written[table]
                if made != self._repeated[table]:
                    raise RuntimeError(
                        f"{table}: {self._repeated[table]:,} of {made:,} rows were repeated"
                    )


def _list_columns(table: str) -> list[str]:
    """Return the columns that `copy_rows` fills."""
    return [*COLUMNS[table], *default_values(table, tuple(COLUMNS[table]))]


def _make_statement(table: str, block: str) -> str:
    repeated, columns = _REPEATED[table], _list_columns(table)
    values = {name: f"made.{name}" for name in columns}
    for name in repeated.ids.split():
        values[name] = f"pg_temp.in_round(made.{name}, round)"
    values |= repeated.others
    return f"""INSERT INTO {table} ({", ".join(columns)})
        SELECT {", ".join(values[name] for name in columns)}
        FROM {block} AS made CROSS JOIN generate_series(0, %s) AS round
        {repeated.joins} WHERE made.ctid > %s::tid {repeated.order}"""  # noqa: S608 (our own text)


def _write_twins(trade: Trade) -> None:
    """Write who and what takes which place in each round."""
    twins, invoices = trade.twins, trade.rows.invoices
    categories = catalogue.make_category_ids(trade.plan)
    with connection.cursor() as cursor:
        cursor.execute(_TWIN_PERSON)
        cursor.execute(_TWIN_CHOICE)
        with cursor.copy("COPY twin_person FROM STDIN") as writer:
            for leader in twins.leaders:
                for place, person in enumerate(twins.list_people(leader)):
                    recipient, phone, street, city, _, _, postal_code, _ = (
                        person.address
                    )
                    writer.write_row(
                        (
                            *(leader.id, place, person.id, person.email),
                            PromotionPerson(None, person.email).email_hash,
                            *(recipient, phone, street, city, postal_code),
                            orjson.dumps(
                                invoices.describe_buyer(person.address)
                            ).decode(),
                        )
                    )
        with cursor.copy("COPY twin_choice FROM STDIN") as writer:
            for article in twins.sold:
                for place, twin in enumerate(twins.list_articles(article)):
                    for choice, its_twin in zip(
                        article.choices, twin.choices, strict=True
                    ):
                        writer.write_row(
                            (
                                *(choice.id, place, its_twin.id, twin.id),
                                categories[twin.garment.category],
                                *(
                                    twin.name,
                                    its_twin.sku,
                                    its_twin.size,
                                    its_twin.color,
                                ),
                            )
                        )
        cursor.execute("ANALYZE twin_person, twin_choice")
