"""Rules that a CHECK cannot state: the state machines, orders that equal their lines, a
history that only grows.
"""

from django.db import migrations

TRANSITIONS = """
CREATE FUNCTION orders_order_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('pending', 'confirmed'), ('confirmed', 'processing'), ('processing', 'shipped'), ('shipped', 'delivered'),
        ('pending', 'cancelled'), ('confirmed', 'cancelled'), ('processing', 'cancelled'), ('delivered', 'returned')
    ) THEN
        RAISE EXCEPTION 'an order cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_status_transition', TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.payment_status <> OLD.payment_status AND (OLD.payment_status, NEW.payment_status) NOT IN (
        ('unpaid', 'paid'), ('unpaid', 'failed'), ('failed', 'paid'), ('failed', 'unpaid'), ('paid', 'refunded')
    ) THEN
        RAISE EXCEPTION 'a payment cannot go from % to %', OLD.payment_status, NEW.payment_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_payment_transition', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_order_transition BEFORE UPDATE OF status, payment_status ON orders_order
    FOR EACH ROW EXECUTE FUNCTION orders_order_transition();
"""

TOTALS = """
CREATE FUNCTION orders_order_equals_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid;
    purchase orders_order;
    lines record;
BEGIN
    IF TG_TABLE_NAME = 'orders_order' THEN wanted := NEW.id; ELSE wanted := coalesce(NEW.order_id, OLD.order_id); END IF;
    SELECT * INTO purchase FROM orders_order WHERE id = wanted;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT count(*) AS n, sum(line_total) AS subtotal, sum(discount) AS discount
        INTO lines FROM orders_orderline WHERE order_id = wanted;
    IF lines.n = 0 OR lines.subtotal <> purchase.subtotal OR lines.discount <> purchase.discount THEN
        RAISE EXCEPTION 'order % does not equal its lines', purchase.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_lines', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_order_equals_lines AFTER INSERT OR UPDATE OF subtotal, discount ON orders_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_order_equals_lines();
CREATE CONSTRAINT TRIGGER orders_orderline_equals_order
    AFTER INSERT OR DELETE OR UPDATE OF order_id, unit_price, quantity, discount ON orders_orderline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_order_equals_lines();
"""

HISTORY = """
CREATE FUNCTION orders_orderevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN
        RETURN NEW;  -- the account of whoever did it has gone
    END IF;
    RAISE EXCEPTION 'the history of an order only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'order_event_append_only', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER orders_orderevent_append_only BEFORE UPDATE OR DELETE ON orders_orderevent
    FOR EACH ROW EXECUTE FUNCTION orders_orderevent_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.RunSQL(
            TRANSITIONS, "DROP FUNCTION orders_order_transition() CASCADE;"
        ),
        migrations.RunSQL(TOTALS, "DROP FUNCTION orders_order_equals_lines() CASCADE;"),
        migrations.RunSQL(
            HISTORY, "DROP FUNCTION orders_orderevent_append_only() CASCADE;"
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE orders_order_number; ALTER TABLE orders_order SET (fillfactor = 80);",
            "ALTER TABLE orders_order RESET (fillfactor); DROP SEQUENCE orders_order_number;",
        ),
    ]
