"""What the tables of orders watch over by triggers; the models' `Meta` names each."""

from markrin.db.triggers import Trigger, only_grows

_COMPARE = """
DECLARE
    purchase orders_order;
    lines record;
BEGIN
    SELECT * INTO purchase FROM orders_order WHERE id = {order_id};
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT count(*) AS n, sum(line_total) AS subtotal, sum(discount) AS discount
        INTO lines FROM orders_orderline WHERE order_id = purchase.id;
    IF lines.n = 0 OR lines.subtotal <> purchase.subtotal
       OR lines.discount <> purchase.discount THEN
        RAISE EXCEPTION 'order % does not equal its lines', purchase.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_lines',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END"""

ORDER_EQUALS_LINES = Trigger(
    name="orders_order_equals_lines",
    when="AFTER INSERT OR UPDATE OF subtotal, discount",
    deferred=True,
    body=_COMPARE.format(order_id="NEW.id"),
)

LINES_EQUAL_ORDER = Trigger(
    name="orders_orderline_equals_order",
    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, unit_price, quantity, discount",
    deferred=True,
    body=_COMPARE.format(order_id="coalesce(NEW.order_id, OLD.order_id)"),
)

_COMPARE_TAXES = """
DECLARE
    purchase orders_order;
    parts numeric;
BEGIN
    SELECT * INTO purchase FROM orders_order WHERE id = {order_id};
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO parts FROM orders_ordertax
        WHERE order_id = purchase.id;
    IF parts <> purchase.tax THEN
        RAISE EXCEPTION 'order % does not equal its taxes', purchase.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_taxes',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END"""

ORDER_EQUALS_TAXES = Trigger(
    name="orders_order_equals_taxes",
    when="AFTER INSERT OR UPDATE OF tax",
    deferred=True,
    body=_COMPARE_TAXES.format(order_id="NEW.id"),
)

TAXES_EQUAL_ORDER = Trigger(
    name="orders_ordertax_equals_order",
    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, amount",
    deferred=True,
    body=_COMPARE_TAXES.format(order_id="coalesce(NEW.order_id, OLD.order_id)"),
)

_COMPARE_DISCOUNTS = """
DECLARE
    purchase orders_order;
    taken numeric;
    uneven boolean;
BEGIN
    SELECT * INTO purchase FROM orders_order WHERE id = {order_id};
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO taken FROM orders_orderdiscount
        WHERE order_id = purchase.id;
    SELECT EXISTS (
        SELECT FROM orders_orderline AS line WHERE line.order_id = purchase.id
        AND line.discount <> (
            SELECT coalesce(sum((shares ->> line.id::text)::numeric), 0)
            FROM orders_orderdiscount WHERE order_id = purchase.id)
    ) INTO uneven;
    IF taken <> purchase.discount OR uneven THEN
        RAISE EXCEPTION 'order % does not equal its discounts', purchase.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_discounts',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END"""

ORDER_EQUALS_DISCOUNTS = Trigger(
    name="orders_order_equals_discounts",
    when="AFTER INSERT OR UPDATE OF discount",
    deferred=True,
    body=_COMPARE_DISCOUNTS.format(order_id="NEW.id"),
)

DISCOUNTS_EQUAL_ORDER = Trigger(
    name="orders_orderdiscount_equals_order",
    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, amount, shares",
    deferred=True,
    body=_COMPARE_DISCOUNTS.format(order_id="coalesce(NEW.order_id, OLD.order_id)"),
)

ORDER_EVENTS_ONLY_GROW = only_grows(
    name="orders_orderevent_append_only",
    constraint="order_event_append_only",
    noun="the history of an order",
    but="""\
    IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL
       AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN
        RETURN NEW;  -- the account of whoever did it has gone
    END IF;""",
)

LEDGER_ENTRY_HAS_LINES = Trigger(
    name="orders_ledgerentry_has_lines",
    when="AFTER INSERT",
    deferred=True,
    body="""
BEGIN
    IF NOT EXISTS (SELECT FROM orders_ledgerline WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'ledger entry % has no lines', NEW.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_has_lines',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END""",
)
LEDGER_ENTRY_ADDS_UP = Trigger(
    name="orders_ledgerline_adds_up",
    when="AFTER INSERT",
    deferred=True,
    body="""
DECLARE
    off record;
BEGIN
    SELECT currency, sum(amount) AS amount INTO off FROM orders_ledgerline
        WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger entry % is off by % %', NEW.entry_id, off.amount, off.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_adds_up',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END""",
)
LEDGER_ENTRIES_ONLY_GROW = only_grows(
    name="orders_ledgerentry_only_grows",
    constraint="ledger_only_grows",
    noun="the ledger",
)
LEDGER_LINES_ONLY_GROW = only_grows(
    name="orders_ledgerline_only_grows",
    constraint="ledger_only_grows",
    noun="the ledger",
)

INVOICE_HAS_NUMBER = Trigger(
    name="orders_invoice_has_number",
    when="AFTER INSERT",
    deferred=True,
    body="""
BEGIN
    IF EXISTS (SELECT FROM orders_invoice WHERE id = NEW.id AND number IS NULL) THEN
        RAISE EXCEPTION 'invoice % has no number', NEW.cause
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_has_number',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END""",
)
INVOICE_EQUALS_LINES = Trigger(
    name="orders_invoice_equals_lines",
    when="AFTER INSERT",
    deferred=True,
    body="""
DECLARE
    lines record;
BEGIN
    SELECT count(*) AS n, sum(charged) AS charged, sum(tax) AS tax INTO lines
        FROM orders_invoiceline WHERE invoice_id = NEW.id;
    IF lines.n = 0 OR lines.charged <> NEW.total OR lines.tax <> NEW.tax THEN
        RAISE EXCEPTION 'invoice % does not equal its lines', NEW.cause
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_equals_its_lines',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END""",
)
INVOICES_ONLY_GROW = only_grows(
    name="orders_invoice_only_grows",
    constraint="invoice_only_grows",
    noun="an invoice",
    but="""\
    IF TG_OP = 'UPDATE' AND (
        OLD.number IS NULL AND to_jsonb(NEW) - '{number,serial}'::text[]
            = to_jsonb(OLD) - '{number,serial}'::text[]
        OR OLD.anonymised_at IS NULL AND NEW.anonymised_at IS NOT NULL
            AND to_jsonb(NEW) - '{data,anonymised_at,buyer_tax_id}'::text[]
            = to_jsonb(OLD) - '{data,anonymised_at,buyer_tax_id}'::text[]) THEN
        RETURN NEW;  -- it gets its number, or its time is over and the person is erased
    END IF;""",
)
INVOICE_LINES_ONLY_GROW = only_grows(
    name="orders_invoiceline_only_grows",
    constraint="invoice_only_grows",
    noun="an invoice",
)
INVOICE_FILES_STAY = only_grows(
    name="orders_invoicefile_stays",
    constraint="invoice_only_grows",
    noun="the file of an invoice",
    but="""\
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM orders_invoice
        WHERE id = OLD.invoice_id AND anonymised_at IS NOT NULL) THEN
        RETURN OLD;  -- its time is over, and the person is erased
    END IF;""",
)

_COMPARE_CARD = """
DECLARE
    card orders_giftcard;
    moved numeric;
BEGIN
    SELECT * INTO card FROM orders_giftcard WHERE id = {card_id};
    SELECT coalesce(sum(amount), 0) INTO moved FROM orders_giftcardentry
        WHERE card_id = card.id;
    IF moved <> card.balance THEN
        RAISE EXCEPTION 'gift card % has %, its entries add up to %', card.id, card.balance, moved
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gift_card_equals_its_entries',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END"""

GIFT_CARD_EQUALS_ENTRIES = Trigger(
    name="orders_giftcard_equals_entries",
    when="AFTER INSERT OR UPDATE OF balance",
    deferred=True,
    body=_COMPARE_CARD.format(card_id="NEW.id"),
)
GIFT_CARD_ENTRIES_EQUAL_CARD = Trigger(
    name="orders_giftcardentry_equals_card",
    when="AFTER INSERT",
    deferred=True,
    body=_COMPARE_CARD.format(card_id="NEW.card_id"),
)
