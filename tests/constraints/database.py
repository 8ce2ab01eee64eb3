"""The rules that the database has, read from its own catalogue, and raw SQL that breaks
each of them.

To see that one rule holds by itself, all others of its table are dropped first, in a
transaction that is undone."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction

# A partition's rules are its parent's; what migrations and libraries keep for themselves is
# theirs to test.
_RULES = """
SELECT c.conrelid::regclass::text, c.conname, c.contype::text, pg_get_constraintdef(c.oid),
       array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.conrelid AND attnum = ANY
           (c.conkey)
             ORDER BY array_position(c.conkey, attnum))
FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid
WHERE c.connamespace = 'public'::regnamespace AND NOT t.relispartition AND c.contype IN ('c', 'f',
    'u', 'p', 'n', 'x')
UNION ALL
SELECT i.indrelid::regclass::text, n.relname, 'i', pg_get_indexdef(i.indexrelid),
       array(SELECT attname::text FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = ANY
           (i.indkey))
FROM pg_index AS i JOIN pg_class AS n ON n.oid = i.indexrelid JOIN pg_class AS t ON t.oid =
    i.indrelid
WHERE i.indisunique AND n.relnamespace = 'public'::regnamespace AND NOT t.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
ORDER BY 1, 3, 2
"""
_TRIGGER_RULES = """
SELECT DISTINCT t.tgrelid::regclass::text, m[1], 't', t.tgname, '{}'::text[]
FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid,
     regexp_matches(p.prosrc, 'CONSTRAINT = ''([a-z_0-9]+)''', 'g') AS m
WHERE NOT t.tgisinternal AND t.tgparentid = 0
"""
KINDS = {
    "c": "CHECK",
    "f": "FOREIGN KEY",
    "u": "UNIQUE",
    "p": "PRIMARY KEY",
    "n": "NOT NULL",
    "x": "EXCLUDE",
    "i": "UNIQUE INDEX",
    "t": "TRIGGER",
}
_STATES = {
    "c": "23514",
    "f": "23503",
    "u": "23505",
    "p": "23505",
    "n": "23502",
    "i": "23505",
    "t": "23514",
    "x": "23P01",
}


@dataclass(frozen=True)
class Rule:
    """One constraint, unique index, or rule of a trigger."""

    table: str
    name: str
    kind: str
    definition: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"

    @property
    def column(self) -> str | None:
        """The one column that it is about, if it is about one."""
        return self.columns[0] if len(self.columns) == 1 else None


def rules() -> list[Rule]:
    """Return every rule of the database."""
    with connection.cursor() as cursor:
        cursor.execute(_RULES)
        found = cursor.fetchall()
        cursor.execute(_TRIGGER_RULES)
        found += cursor.fetchall()
    return [
        Rule(table, name, kind, text, tuple(columns))
        for table, name, kind, text, columns in found
    ]


@functools.cache
def _known() -> list[Rule]:
    return rules()


# --- Rows that break a CHECK ---------------------------------------------------------------------
_ELSEWHERE = {"country": "'IN'", "state_code": "'US-CA'"}
# What breaks a rule that several columns, or no simple form, are about: SQL by column.
SPECIAL: dict[str, dict[str, str]] = {
    "customer_group_rule_says_something": {
        "by_rule": "true",
        "tags": "'{}'",
        "min_spent": "NULL",
        "min_orders": "NULL",
    },
    "collection_rule_says_something": {
        "by_rule": "true",
        "tags": "'{}'",
        "labels": "'{}'",
        **dict.fromkeys(
            [
                *("category_id", "min_price", "max_price", "in_stock"),
                *("on_sale", "max_age_days", "min_sold"),
            ],
            "NULL",
        ),
    },
    "collection_prices_in_order": {"min_price": "2", "max_price": "1"},
    "color_hex_form": {"hex": "'blue'"},
    "synonym_group_of_2_to_40": {"words": "ARRAY['one']::varchar[]"},
    "invoice_notes_name_their_original": {
        "kind": "'credit_note'",
        "original_id": "NULL",
    },
    "invoice_number_with_serial": {"number": "'INV2627-000001'", "serial": "NULL"},
    "month_closing_first_day": {"month": "'2026-10-02'"},
    "invoice_total_adds_up": {"taxable": "100", "tax": "18", "total": "119"},
    "invoice_line_of_a_line_or_not": {"of": "'line'", "line_id": "NULL"},
    "return_request_approved_at_fits_status": {
        "status": "'approved'",
        "approved_at": "NULL",
        "send_by": "NULL",
    },
    "return_request_closed_at_fits_status": {
        "status": "'requested'",
        "closed_at": "now()",
    },
    "return_request_goods_once_completed": {
        "status": "'received'",
        "goods_id": "'00000000-0000-7000-8000-000000000003'",
    },
    "return_request_received_at_fits_status": {
        "status": "'approved'",
        "received_at": "now()",
    },
    "return_request_line_judged_within_quantity": {
        "quantity": "1",
        "sellable": "1",
        "damaged": "1",
        "refused": "0",
    },
    "address_postal_code_india": {"country": "'IN'", "postal_code": "'1234'"},
    "draft_order_postal_code_india": {"country": "'IN'", "postal_code": "'1234'"},
    "draft_order_state_code_of_country": _ELSEWHERE,
    "draft_order_discount_has_reason": {"discount": "1", "discount_reason": "''"},
    "order_attachment_type": {"content_type": "'text/html'"},
    "order_postal_code_india": {"country": "'IN'", "postal_code": "'1234'"},
    "refused_order_allowed_has_an_end": {
        "state": "'allowed'",
        "decided_at": "now()",
        "allowed_until": "NULL",
    },
    "refused_order_counts_positive": {"tries": "0"},
    "refused_order_decided_at_fits_state": {
        "state": "'open'",
        "decided_at": "now()",
    },
    "user_email_lower": {"email": "'A@b.example'"},
    "user_date_of_birth_range": {"date_of_birth": "'1899-12-31'"},
    "report_snapshot_days_in_order": {
        "first": "'2026-01-02'",
        "last": "'2026-01-01'",
    },
    "daily_funnel_within_visits": {
        "visits": "1",
        "views": "2",
        "carts": "0",
        "checkouts": "0",
    },
    "daily_search_without_result_within_searches": {
        "searches": "1",
        "without_result": "2",
    },
    "analytics_event_fields_fit_type": {
        "type": "'view'",
        "query": "'x'",
        "product_id": "NULL",
    },
    "session_revoked_for_a_reason": {
        "revoked_at": "NULL",
        "revoked_reason": "'logout'",
    },
    "session_rotated_has_predecessor": {
        "generation": "1",
        "previous_jti": "NULL",
        "rotated_at": "NULL",
    },
    "session_token_ends_by_end": {
        "current_exp": "now() + interval '1 day'",
        "expires_at": "now()",
    },
    "cart_of_user_or_guest": {"user_id": "NULL", "token_hash": "NULL"},
    "coupon_used_within_limit": {"total_limit": "1", "used": "2"},
    "promotion_limits_at_least_one": {"total_limit": "0"},
    "promotion_used_within_limit": {"total_limit": "1", "used": "2"},
    "promotion_effect_whole": {"kind": "'percent'", "percent": "NULL"},
    "promotion_tier_percent_or_amount": {"percent": "NULL", "amount": "NULL"},
    "promotion_tier_threshold_positive": {"threshold": "0"},
    "order_discount_takes_something_off": {"amount": "0", "shipping_amount": "0"},
    "promotion_window_in_order": {
        "starts_at": "now()",
        "ends_at": "now() - interval '1 day'",
    },
    "order_closed_at_fits_status": {"status": "'pending'", "closed_at": "now()"},
    "order_delivered_at_fits_status": {
        "status": "'pending'",
        "delivered_at": "now()",
    },
    "order_shipped_at_fits_status": {"status": "'pending'", "shipped_at": "now()"},
    "order_delivered_online_is_paid": {
        "status": "'delivered'",
        "payment_status": "'unpaid'",
        "payment_method": "'online'",
    },
    "order_discount_within_subtotal": {"discount": "2", "subtotal": "1"},
    "difference_settled_says_how": {"settled_at": "now()", "settled_how": "''"},
    "dispute_closed_at_fits_status": {"status": "'won'", "closed_at": "NULL"},
    "ledger_line_amount_not_zero": {"amount": "0"},
    "reconciliation_period_is_one": {"since": "now()", "until": "now()"},
    "order_paid_at_fits_payment_status": {
        "paid_at": "now()",
        "payment_status": "'unpaid'",
        "refunded": "0",
        "gift_card_amount": "0",
        "part_paid": "0",
    },
    "order_part_payments_within_total": {
        "gift_card_amount": "2",
        "part_paid": "0",
        "total": "1",
        "waived": "0",
    },
    "gift_card_code_fits_kind": {"kind": "'card'", "code_hash": "NULL"},
    "gift_card_entry_sign_fits_kind": {"kind": "'redeem'", "amount": "1"},
    "gift_card_entry_names_its_order": {"kind": "'redeem'", "order_id": "NULL"},
    "payment_gift_card_fits_provider": {
        "provider": "'gift_card'",
        "gift_card_id": "NULL",
    },
    "order_refunded_within_total": {"refunded": "2", "total": "1", "waived": "0"},
    "order_total_adds_up": {
        "tax_included": "true",
        "subtotal": "1",
        "discount": "0",
        "shipping": "0",
        "cod_fee": "0",
        "total": "2",
        "tax": "0",
    },
    "order_cod_fee_of_cash": {"cod_fee": "1", "payment_method": "'online'"},
    "order_delivery_dates_in_order": {
        "delivers_from": "'2026-01-02'",
        "delivers_until": "'2026-01-01'",
    },
    "shipping_method_days_in_order": {"min_days": "3", "max_days": "2"},
    "shipping_zone_countries_format": {"countries": "'{in}'"},
    "shipping_zone_states_format": {"states": "'{KA}'"},
    "shipping_zone_postal_patterns_format": {"postal_patterns": "'{4000?}'"},
    "shipping_zone_states_have_country": {
        "countries": "'{}'",
        "states": "'{IN-KA}'",
    },
    "shipping_zone_patterns_of_one_country": {
        "countries": "'{IN,LK}'",
        "postal_patterns": "'{4000*}'",
    },
    "address_state_code_of_country": _ELSEWHERE,
    "order_state_code_of_country": _ELSEWHERE,
    "tax_settings_state_code_of_country": _ELSEWHERE,
    "order_zero_rated_has_no_tax": {"zero_rated": "'export'", "tax": "1"},
    "order_tax_of_a_line_or_not": {"of": "'line'", "line_id": "NULL"},
    "tax_settings_once": {"id": "2"},
    "tax_settings_shipping_class_named": {
        "shipping_levy": "'class'",
        "shipping_class_id": "NULL",
    },
    "tax_settings_fees_class_named": {
        "fees_levy": "'class'",
        "fees_class_id": "NULL",
    },
    "tax_rate_days_in_order": {
        "valid_from": "'2026-01-02'",
        "valid_until": "'2026-01-01'",
    },
    "order_event_status_has_target": {"kind": "'status'", "to_status": "''"},
    "order_line_discount_within_line": {
        "discount": "3",
        "unit_price": "1",
        "quantity": "2",
    },
    "order_line_returned_within_shipped": {"returned": "1", "shipped": "0"},
    "order_line_shipped_within_quantity": {
        "shipped": "2",
        "returned": "0",
        "quantity": "2",
        "cancelled": "1",
    },
    "fulfilment_shipped_at_fits_status": {
        "status": "'packed'",
        "shipped_at": "now()",
    },
    "fulfilment_delivered_at_fits_status": {
        "status": "'shipped'",
        "delivered_at": "now()",
    },
    "fulfilment_undelivered_has_reason": {
        "status": "'undelivered'",
        "undelivered_reason": "''",
    },
    "carrier_url_pattern_has_tracking": {"url_pattern": "'https://x.example/'"},
    "payment_amount_positive": {"amount": "0"},
    "payment_succeeded_at_fits_state": {
        "state": "'created'",
        "succeeded_at": "now()",
    },
    "refund_amount_positive": {"amount": "0"},
    "refund_finished_at_fits_state": {
        "state": "'requested'",
        "finished_at": "now()",
    },
    "outbox_event_finished_when_closed": {"state": "'done'", "finished_at": "NULL"},
    "outbox_event_leased_while_running": {"state": "'running'", "lease": "NULL"},
    "outbox_event_state": {"state": "'zz'"},
    "outbox_event_wakes_while_open": {"state": "'waiting'", "wake_at": "NULL"},
    "bulk_change_counts_within_total": dict.fromkeys(
        ["total", "problems", "unchanged", "applied", "skipped", "undone", "kept"],
        "0",
    )
    | {"ready": "1"},
    "import_job_mapping_fits_kind": {"kind": "'own'", "mapping": "'x'"},
    "import_job_refused_says_why": {"state": "'refused'", "problem": "''"},
    "bulk_change_rule_whole": {"kind": "'base'", "how": "''", "value": "NULL"},
    "bulk_change_row_remembers": {"result": "'applied'", "old_base_price": "NULL"},
    "category_not_its_own_parent": {
        "id": "'00000000-0000-7000-8000-000000000001'",
        "parent_id": "'00000000-0000-7000-8000-000000000001'",
    },
    "feed_counts_within_total": {
        "total": "0",
        "applied": "1",
        "unchanged": "0",
        "rejected": "0",
    },
    "feed_row_valid_or_rejected": {"result": "'waiting'", "quantity": "NULL"},
    "product_fit_within_reviews": dict.fromkeys(
        [
            "rated_1",
            "rated_2",
            "rated_3",
            "rated_4",
            "rated_5",
            "fit_true",
            "fit_large",
        ],
        "0",
    )
    | {"fit_small": "1"},
    "product_sale_price_below_base": {"sale_price": "2", "base_price": "1"},
    "price_history_in_order": {
        "valid_from": "'2026-01-02 00:00+00'",
        "valid_until": "'2026-01-01 00:00+00'",
    },
    "product_sale_ends_after_start": {
        "sale_starts_at": "'2026-01-02 00:00+00'",
        "sale_ends_at": "'2026-01-01 00:00+00'",
    },
    "product_sale_dates_need_price": {
        "sale_price": "NULL",
        "sale_starts_at": "'2026-01-02 00:00+00'",
    },
    "variant_sale_ends_after_start": {
        "sale_starts_at": "'2026-01-02 00:00+00'",
        "sale_ends_at": "'2026-01-01 00:00+00'",
    },
    "variant_sale_dates_need_price": {
        "sale_price": "NULL",
        "sale_starts_at": "'2026-01-02 00:00+00'",
    },
    "variant_sale_price_below_base": {"sale_price": "2", "base_price": "1"},
    "variant_prices_together": {"base_price": "NULL", "sale_price": "1"},
    "variant_barcode_gtin": {"barcode": "'4006381333932'"},
    "variant_hs_code_form": {"hs_code": "'61'"},
    "variant_origin_country_form": {"origin_country": "'in'"},
    "product_tags_at_most_20": {"tags": "array_fill('x'::varchar, ARRAY[21])"},
    "product_image_external_url_https": {"external_url": "'http://a.example/'"},
    "product_image_file_or_url": {"file": "''", "external_url": "''"},
    "product_image_source_of_file": {
        "source_url": "'https://a.example/'",
        "file": "''",
    },
    "redirect_leads_elsewhere": {"path": "'/a'", "target": "'/a'"},
    "size_chart_entry_cm_range": {"min_cm": "5", "max_cm": "4"},
    "stock_level_reserved_on_hand": {
        "inventory_policy": "'deny'",
        "on_hand": "1",
        "reserved": "2",
        "overpromised": "0",
    },
    "stock_level_overpromised_beyond_shelf": {
        "inventory_policy": "'deny'",
        "on_hand": "1",
        "reserved": "2",
        "overpromised": "2",
    },
    "stock_level_untracked_counts_nothing": {
        "inventory_policy": "'untracked'",
        "on_hand": "1",
    },
    "stock_movement_deltas_fit_kind": {
        "kind": "'reserve'",
        "d_on_hand": "1",
        "d_reserved": "1",
    },
    "webhook_delivery_counts": {"turn": "0", "attempts": "0"},
    "webhook_delivery_delivered_at_a_time": {
        "state": "'delivered'",
        "delivered_at": "NULL",
    },
    "webhook_endpoint_failing_since_a_failure": {
        "failures": "1",
        "failing_since": "NULL",
    },
    "webhook_event_position_counts": {"position": "0"},
}
# A second way: what only one of two columns has. To compare with NULL refuses nothing.
HALVES: dict[str, dict[str, str]] = {
    "order_delivery_dates_in_order": {
        "delivers_from": "'2026-01-01'",
        "delivers_until": "NULL",
    },
    "shipping_method_days_in_order": {"min_days": "3", "max_days": "NULL"},
}
_BY_ENDING = {
    "text": "E'a\\u0001'",
    "format": "E'\\u0001 !'",
    "known": "'zz'",
    "positive": "0",
}


def breaking(rule: Rule) -> dict[str, str] | None:
    """Return columns and SQL values that break a CHECK, or None if it is not known how."""
    if rule.name in SPECIAL:
        return SPECIAL[rule.name]
    if rule.column is None:
        return None
    if bound := re.search(r">= '?\(?(-?[0-9]+)", rule.definition):
        return {rule.column: str(int(bound[1]) - 1)}
    if length := re.search(r"length\(\w+\) <= ([0-9]+)", rule.definition):
        return {rule.column: f"repeat('x', {int(length[1]) + 1})"}
    if rule.column == "country":
        return {"country": "'zz'"}
    value = _BY_ENDING.get(rule.name.rpartition("_")[2])
    return {rule.column: value} if value else None


# --- Raw SQL -------------------------------------------------------------------------------------
@dataclass
class Columns:
    """The columns of a table, and how a value of each can be written."""

    table: str
    types: dict[str, str] = field(default_factory=dict)
    generated: set[str] = field(default_factory=set)
    given: set[str] = field(
        default_factory=set
    )  # by the database: generated, or identity

    def __post_init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '',
                attidentity <> ''
                FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT
                    attisdropped""",
                [self.table],
            )
            for name, type_, generated, identity in cursor.fetchall():
                self.types[name] = type_
                self.generated |= {name} if generated else set()
                self.given |= {name} if generated or identity else set()

    def value(self, name: str) -> str:
        """Return any value that the column takes."""
        kind = self.types[name]
        values = {
            "uuid": "'00000000-0000-7000-8000-000000000002'",
            "boolean": "true",
            "bytea": "'x'",
            "jsonb": "'{}'",
            "date": "current_date",
            "inet": "'127.0.0.1'",
        }
        if kind in values:
            return values[kind]
        if kind.startswith(("character", "text")):
            return "'x'"
        return (
            "now()"
            if kind.startswith("timestamp")
            else "'{}'"
            if kind.endswith("[]")
            else "1"
        )

    def nowhere(self, name: str) -> str:
        """Return a value that no row has."""
        return {"uuid": "'00000000-0000-7000-8000-000000000003'"}.get(
            self.types[name], "-1"
        )


@functools.cache
def _columns(table: str) -> Columns:
    return Columns(table)


def breaks(rule: Rule, values: dict[str, str] | None = None) -> str:
    """Break the rule by raw SQL, a CHECK by these values if there are any, and return the
    SQLSTATE; nothing remains.

    Raises:
        AssertionError: nothing refused it, or something else did.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            _alone(cursor, rule)
            try:
                for statement in _statements(rule, values):
                    cursor.execute(statement)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except IntegrityError as exc:
                found: Any = exc.__cause__
                said = (
                    found.diag.column_name
                    if rule.kind == "n"
                    else found.diag.constraint_name
                )
                expected = rule.columns[0] if rule.kind == "n" else rule.name
                assert (
                    _unpartitioned(said) == expected or rule.name in PARTITION_KEY
                ), said
                assert (
                    found.sqlstate == _STATES[rule.kind]
                    or rule.name in PARTITION_KEY
                ), found.sqlstate
            else:
                raise AssertionError(f"{rule} let it pass")
        transaction.set_rollback(True)
    return _STATES[rule.kind]


PARTITION_KEY = {
    "analytics_event_occurred_at_not_null"
}  # without it there is no partition for the row


def _unpartitioned(name: str | None) -> str:
    """Return a rule's name as its parent table calls it."""
    return re.sub(r"_[0-9]{4}_[0-9]{2}(?=_)", "", name or "")


def _alone(cursor: Any, rule: Rule) -> None:
    """Drop every other rule of the table."""
    others = [
        one for one in _known() if one.table == rule.table and one.name != rule.name
    ]
    given = _columns(rule.table).given
    keys = {
        name
        for one in _known()
        if one.table == rule.table and one.kind == "p"
        for name in one.columns
    }
    keys = keys if rule.kind in "pf" else set()
    drops = [
        f'DROP CONSTRAINT "{one.name}" CASCADE'
        for one in others
        if one.kind in ("cu" if rule.kind == "f" else "pcfu")
    ]
    nullable = [
        f'ALTER "{one.columns[0]}" DROP NOT NULL'
        for one in others
        if one.kind == "n" and not ({one.columns[0]} & (given | keys))
    ]
    indexes = [f'"{one.name}"' for one in others if one.kind == "i"]
    cursor.execute("SET LOCAL client_min_messages = error")
    if indexes:
        cursor.execute(f"DROP INDEX {', '.join(indexes)}")
    # The keys first: while one stands, its columns cannot be made nullable.
    for changes in (["DISABLE TRIGGER USER", *drops], nullable):
        if changes:
            cursor.execute(f"ALTER TABLE {rule.table} {', '.join(changes)}")


def _statements(rule: Rule, values: dict[str, str] | None) -> Iterator[str]:
    """Yield the statements after which the rule must have refused."""
    columns = _columns(rule.table)
    nulls = {name: "NULL" for name in columns.types if name not in columns.given}
    nulls |= {
        name: columns.value(name) for name in ("occurred_at",) if name in nulls
    }  # it chooses the partition
    if rule.kind == "c":
        found = values or breaking(rule)
        assert found, "no row of the table says how it is broken: see SPECIAL"
        yield _insert(rule.table, nulls | found)
    elif rule.kind == "n":
        yield _insert(rule.table, nulls | {rule.columns[0]: "NULL"})
    elif rule.kind == "f":
        key = next(
            one for one in _known() if one.table == rule.table and one.kind == "p"
        )
        row = nulls | {
            name: columns.value(name)
            for name in key.columns
            if name not in columns.given
        }
        yield _insert(
            rule.table, row | {name: columns.nowhere(name) for name in rule.columns}
        )
    else:
        # a generated column takes no value: its row says from which others it is made
        row = nulls | {
            name: columns.value(name)
            for name in rule.columns
            if name not in columns.generated
        }
        row |= _PREDICATES.get(rule.name, {})
        yield _insert(rule.table, row)
        yield _insert(rule.table, row)


# What a row must hold for a partial unique index to look at it, or for a generated column.
_PREDICATES = {
    "color_once_by_name": {"name": "'x'"},
    "ignored_word_once": {"word": "'x'"},
    "page_one_home_per_language": {"kind": "'home'"},
    "tax_class_one_default": {"is_default": "true"},
    "product_import_once": {"source": "'x'"},
    "api_key_name_once": {"revoked_at": "NULL"},
    "address_one_default": {"is_default": "true"},
    "feed_content_once": {"dry_run": "false"},
    "feed_sequence_once": {"dry_run": "false"},
    "payment_one_open_per_order": {"state": "'created'"},
    "payment_provider_ref_once": {"provider_ref": "'x'"},
    "refund_surplus_once_per_payment": {
        "surplus": "true",
        "made_at_provider": "false",
    },
    "refused_order_open_once": {"state": "'open'"},
    "variant_once_per_product": {"is_active": "true"},
    "gift_card_one_credit_per_customer": {"kind": "'store_credit'"},
    "back_in_stock_request_once": {"notified_at": "NULL", "email": "'a@b.example'"},
    "feed_row_ref_once": {"row_ref": "'x'", "result": "'waiting'"},
}


def _insert(table: str, row: dict[str, str]) -> str:
    names = ", ".join(f'"{name}"' for name in row)
    return (
        f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES"
        f" ({', '.join(row.values())})"
    )
