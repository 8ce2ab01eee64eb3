"""Rules that a CHECK cannot state: the category tree, the ledger that only grows, counters
kept with their reviews.
"""

from django.db import migrations

TREE = """
CREATE FUNCTION products_category_tree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE above uuid[] := '{}';
BEGIN
    IF NEW.parent_id IS NOT NULL THEN
        -- Two moves at once could close a circle that neither of them sees.
        PERFORM pg_advisory_xact_lock(hashtext('products_category_tree'));
        SELECT ancestors INTO above FROM products_category WHERE id = NEW.parent_id;
        IF NEW.id = ANY (above) OR NEW.id = NEW.parent_id THEN
            RAISE EXCEPTION 'category % would be its own ancestor', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_without_cycles', TABLE = TG_TABLE_NAME;
        END IF;
        IF cardinality(above) >= 8 THEN
            RAISE EXCEPTION 'category % would be too deep', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_at_most_8_deep', TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    NEW.ancestors := coalesce(above, '{}') || NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER products_category_tree BEFORE INSERT OR UPDATE OF parent_id, ancestors ON products_category
    FOR EACH ROW EXECUTE FUNCTION products_category_tree();

CREATE FUNCTION products_category_subtree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE products_category SET ancestors = '{}' WHERE parent_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER products_category_subtree AFTER UPDATE OF parent_id, ancestors ON products_category
    FOR EACH ROW WHEN (OLD.ancestors IS DISTINCT FROM NEW.ancestors) EXECUTE FUNCTION products_category_subtree();
"""

LEDGER = """
ALTER TABLE products_stocklevel SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE FUNCTION products_stockmovement_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL AND (to_jsonb(NEW) - 'actor_id') = (to_jsonb(OLD) - 'actor_id') THEN
        RETURN NEW;  -- the account of whoever moved it has gone
    END IF;
    RAISE EXCEPTION 'the stock ledger only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_movement_append_only', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER products_stockmovement_append_only BEFORE UPDATE OR DELETE ON products_stockmovement
    FOR EACH ROW EXECUTE FUNCTION products_stockmovement_append_only();
"""

RATINGS = """
CREATE FUNCTION products_review_counters(change products_review, step int) RETURNS void LANGUAGE sql AS $$
    UPDATE products_product SET
        rated_1 = rated_1 + step * (change.rating = 1)::int, rated_2 = rated_2 + step * (change.rating = 2)::int,
        rated_3 = rated_3 + step * (change.rating = 3)::int, rated_4 = rated_4 + step * (change.rating = 4)::int,
        rated_5 = rated_5 + step * (change.rating = 5)::int,
        fit_small = fit_small + step * (change.fit = 'small')::int,
        fit_true = fit_true + step * (change.fit = 'true')::int,
        fit_large = fit_large + step * (change.fit = 'large')::int
    WHERE id = change.product_id AND change.status = 'published'
$$;
CREATE FUNCTION products_review_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM products_review_counters(OLD, -1); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM products_review_counters(NEW, 1); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER products_review_counted AFTER INSERT OR DELETE OR UPDATE OF rating, fit, status, product_id
    ON products_review FOR EACH ROW EXECUTE FUNCTION products_review_counted();
"""


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial")]
    operations = [
        migrations.RunSQL(
            TREE,
            "DROP FUNCTION products_category_tree() CASCADE; DROP FUNCTION products_category_subtree() CASCADE;",
        ),
        migrations.RunSQL(
            LEDGER,
            """DROP FUNCTION products_stockmovement_append_only() CASCADE;
            ALTER TABLE products_stocklevel RESET (fillfactor, autovacuum_vacuum_scale_factor);""",
        ),
        migrations.RunSQL(
            RATINGS,
            """DROP FUNCTION products_review_counted() CASCADE;
            DROP FUNCTION products_review_counters(products_review, int);""",
        ),
    ]
