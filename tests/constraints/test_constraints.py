"""For every rule of the database: raw SQL, the API and the admin's form, each refused with
a clear error.

A new rule that no way in is known for fails here, until SPECIAL, API, ADMIN or SERVICES say
what becomes of it."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test import RequestFactory

from tests import client
from tests.constraints import cases, sample_rows
from tests.constraints.api import Api
from tests.constraints.database import HALVES, KINDS, Rule, breaking, breaks, rules
from tests.constraints.pages import Pages

FULL = os.environ.get("FUZZ") == "full"
TRIGGERS = {
    "address_some_default": (
        "UPDATE accounts_address SET is_default = false WHERE id = '{address}'"
    ),
    "auth_event_append_only": "DELETE FROM auth_event",
    "category_tree_without_cycles": (
        "UPDATE products_category SET parent_id = '{below}' WHERE id = '{category}'"
    ),
    "category_tree_at_most_8_deep": (
        "UPDATE products_category SET parent_id = '{eighth}' WHERE id = '{category}'"
    ),
    "order_equals_its_lines": (
        "UPDATE orders_order SET subtotal = subtotal + 1, total = total + 1"
        " WHERE id = '{order}'"
    ),
    "order_equals_its_taxes": "UPDATE orders_order SET tax = tax + 1 WHERE id = '{order}'",
    "order_equals_its_discounts": (
        "UPDATE orders_order SET discount = discount + 1, total = total - 1 WHERE id ="
        " '{order}'"
    ),
    "order_status_transition": (
        "UPDATE orders_order SET status = 'delivered' WHERE id = '{order}'"
    ),
    "order_payment_transition": (
        "UPDATE orders_order SET payment_status = 'failed' WHERE id = '{paid}'"
    ),
    "refused_order_transition": (
        "UPDATE orders_refusedorder SET state = 'used', decided_at = now(),"
        " allowed_until = now() WHERE id = '{refused_order}'"
    ),
    "fulfilment_status_transition": (
        "UPDATE orders_fulfilment SET status = 'undelivered',"
        " undelivered_reason = 'other', delivered_at = NULL WHERE order_id = '{paid}'"
    ),
    "invoice_only_grows": "UPDATE orders_invoice SET reason = 'x'",
    "invoice_has_number": (
        "WITH made AS (INSERT INTO orders_invoice (id, kind, series, issued_on, order_id, cause,"
        " reason, language, currency, taxable, tax, total, buyer_tax_id, supply_country,"
        " supply_state, zero_rated, data) VALUES (gen_random_uuid(), 'invoice', 'INV2627', now(),"
        " '{order}', 'x', '', 'en', 'INR', 1, 0, 1, '', '', '', '', '{{}}') RETURNING id)"
        " INSERT INTO orders_invoiceline (invoice_id, position, of, name, hs_code, unit, quantity,"
        " percent, charged, tax, taxes) SELECT id, 0, 'fees', 'x', '', 'OTH', 0, 0, 1, 0, '[]'"
        " FROM made"
    ),
    "invoice_equals_its_lines": (
        "INSERT INTO orders_invoice (id, kind, series, serial, number, issued_on, order_id, cause,"
        " reason, language, currency, taxable, tax, total, buyer_tax_id, supply_country,"
        " supply_state, zero_rated, data) VALUES (gen_random_uuid(), 'invoice', 'INV2627', 99,"
        " 'INV2627-000099', now(), '{order}', 'x', '', 'en', 'INR', 1, 0, 1, '', '', '', '',"
        " '{{}}')"
    ),
    "return_request_status_transition": (
        "UPDATE orders_returnrequest SET status = 'received' WHERE id = '{asked}'"
    ),
    "gift_card_equals_its_entries": (
        "UPDATE orders_giftcard SET balance = balance + 1"
    ),
    "gift_card_entries_only_grow": "DELETE FROM orders_giftcardentry",
    "month_closing_only_grows": (
        "INSERT INTO orders_monthclosing (id, month, balances, sheets, documents)"
        " VALUES (gen_random_uuid(), '2020-01-01', '[]', '[]', 0);"
        " UPDATE orders_monthclosing SET documents = 7"
    ),
    "ledger_only_grows": "UPDATE orders_ledgerline SET amount = amount + 1",
    "ledger_entry_adds_up": (
        "INSERT INTO orders_ledgerline (entry_id, account, amount, currency)"
        " SELECT id, 'bank', 1, 'INR' FROM orders_ledgerentry LIMIT 1"
    ),
    "ledger_entry_has_lines": (
        "INSERT INTO orders_ledgerentry (id, kind, key, note)"
        " VALUES (gen_random_uuid(), 'sale', 'x', '')"
    ),
    "order_event_append_only": (
        "UPDATE orders_orderevent SET note = 'x' WHERE order_id = '{order}'"
    ),
    "stock_movement_append_only": (
        "DELETE FROM products_stockmovement WHERE variant_id = '{variant}'"
    ),
}


@dataclass
class Report:
    """What each rule came to: a line each, and how many were tried by each way in."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tried: dict[str, int] = field(
        default_factory=lambda: {"api": 0, "admin": 0, "neither": 0}
    )


@pytest.fixture
def caller(admin_user):
    """Return an admin, who has just signed in."""
    return admin_user


@pytest.mark.timeout(3600 if FULL else 600)
def test_raw_sql_is_refused_by_every_rule(caller):
    found, wrong = rules(), []
    assert len(found) > 500
    # what is deferred so far would stand in the way of changing tables
    connection.check_constraints()
    for rule in found:
        try:
            if rule.kind != "t":
                breaks(rule)
            if rule.name in HALVES:
                breaks(rule, HALVES[rule.name])
        except Exception as exc:
            wrong.append(f"{rule} ({KINDS[rule.kind]}): {type(exc).__name__} {exc}")
    named, _ = sample_rows.make(caller)
    connection.check_constraints()
    for rule in found:
        if rule.kind == "t":
            _trigger(rule, named)
    if FULL:
        print(f"\n{len(found)} rules refuse raw SQL")
    assert not wrong, f"{len(wrong)} of {len(found)}\n" + "\n".join(wrong)


@pytest.mark.timeout(3600 if FULL else 600)
def test_every_rule_is_kept_by_the_api_and_the_admin_or_has_no_such_form(caller):
    named, own = sample_rows.make(caller)
    request = RequestFactory().get("/")
    request.user = caller
    assert set(own) >= sample_rows.changeable(request), (
        "a page that can be written to has no row here"
    )
    browser = Browser()
    browser.force_login(caller)
    api, pages = Api(client.Client().as_user(caller), named), Pages(browser, own)
    report = Report()
    for number, rule in enumerate(rules()):
        if rule.kind == "n" and not FULL and number % 6:
            continue  # hundreds, and all alike
        results = {
            "api": _attempt(rule, report, _by_api, api),
            "admin": _attempt(rule, report, _by_page, pages, named),
        }
        why = "" if any(results.values()) else cases.reason(rule)
        if why is None:
            report.wrong.append(
                f"{rule} ({KINDS[rule.kind]} {rule.definition}): no way in is known, nor"
                " why there is none"
            )
        report.tried["neither"] += not any(results.values())
        report.lines.append(
            f"{KINDS[rule.kind]:12} {rule}\n    API:  "
            f" {results['api'] or why or '(see the admin)'}\n"
            f"    admin: {results['admin'] or why or 'not on a form'}"
        )
    if FULL:
        print("", *report.lines, sep="\n")
        print(f"{len(report.lines)} rules: {report.tried}")
    assert not report.wrong, (
        f"{len(report.wrong)} of {len(report.lines)}:\n" + "\n".join(report.wrong)
    )
    assert not _unused(), f"cases of rules that there are not: {_unused()}"


def _trigger(rule: Rule, named: dict[str, str]) -> None:
    assert rule.name in TRIGGERS, "TRIGGERS does not say how it is broken"
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute(TRIGGERS[rule.name].format(**named))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except IntegrityError as exc:
            cause: Any = exc.__cause__
            assert (cause.sqlstate, cause.diag.constraint_name) == (
                "23514",
                rule.name,
            )
        else:
            raise AssertionError("let it pass")
        finally:
            transaction.set_rollback(True)


def _attempt(rule: Rule, report: Report, check: Any, *rest: Any) -> str | None:
    """Return how the rule was kept by one way in, whatever was written there undone; None if it
    has no such way in.
    """
    # Not an atomic block, in which no service could begin a transaction of its own.
    before = transaction.savepoint()
    try:
        found: str | None = check(rule, *rest)
    except Exception as exc:
        report.wrong.append(
            f"{rule} ({KINDS[rule.kind]}) {check.__name__}: {type(exc).__name__}"
            f" {str(exc)[:400]}"
        )
        return None
    finally:
        transaction.savepoint_rollback(before)
    report.tried["api" if check is _by_api else "admin"] += found is not None
    return found


def _case(rule: Rule) -> str:
    """Return the name under which the cases have the rule."""
    return f"{rule.table}.{rule.column}" if rule.kind == "f" else rule.name


def _by_api(rule: Rule, api: Api) -> str | None:
    calls = cases.API.get(_case(rule))
    if calls is None:
        values = _values(rule)
        return api.refuses(rule, values) if values else None
    answer: Any = None
    for number in range(calls.times):
        body = (
            calls.other if calls.other and number == calls.times - 1 else calls.body
        )
        headers = {"Idempotency-Key": calls.key or str(uuid.uuid4())}
        path = calls.path.format(**api.named)
        answer = api.client._send(
            calls.method, path, headers, json=cases.fill(body, api.named)
        )
    assert answer.status_code == calls.status or (
        calls.status == cases.ONCE and answer.status_code < 300
    ), f"{answer.status_code} {answer.content[:300]!r}"
    said = (
        answer.json()["code"]
        if answer.status_code >= 400
        else "taken as the rule wants it"
    )
    return f"{calls.method} {calls.path}: {answer.status_code} {said}"


def _by_page(rule: Rule, pages: Pages, named: dict[str, str]) -> str | None:
    values = cases.fill(cases.ADMIN.get(_case(rule)), named) or _values(rule)
    return pages.refuses(rule, values) if values else None


def _values(rule: Rule) -> dict[str, str] | None:
    """Return SQL values that break a rule about the columns of one row."""
    if rule.kind == "n":
        return {rule.columns[0]: "NULL"}
    return breaking(rule) if rule.kind == "c" else None


def _unused() -> set[str]:
    """Return cases that no rule has any more."""
    known = {_case(rule) for rule in rules()} | {"orders_order.address"}
    return {*cases.API, *cases.ADMIN, *TRIGGERS, *HALVES} - known


def test_a_rule_that_nobody_knows_is_found(db):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE products_purchase ADD CONSTRAINT new_rule CHECK (user_id <>"
            " product_id)"
        )
        rule = next(one for one in rules() if one.name == "new_rule")
        assert breaking(rule) is None
        transaction.set_rollback(True)


def test_a_rule_that_is_not_kept_is_found(db):
    rule = Rule(
        "products_review",
        "review_rating_range",
        "c",
        "CHECK (rating >= 1)",
        ("rating",),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE products_review DROP CONSTRAINT review_rating_range"
        )
        with pytest.raises(AssertionError, match="let it pass"):
            breaks(rule)
        transaction.set_rollback(True)
