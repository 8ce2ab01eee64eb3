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
