"""Which colours and sizes of a product can be bought now, beside the product: the facets of what is in stock."""

import django.contrib.postgres.fields
from django.db import migrations, models

# `wanted` are products that the caller has locked; the levels are read by a statement of its own after that, so that of
# two sales at once the second one sees what the first has left.
STOCKED = """
CREATE FUNCTION products_refresh_stocked(wanted uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE products_product AS product SET stocked_colors = truth.colors, stocked_sizes = truth.sizes
    FROM (
        SELECT each.id,
            coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}')::varchar[] AS colors,
            coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}')::varchar[] AS sizes
        FROM unnest(wanted) AS each (id)
        LEFT JOIN (
            products_variant AS variant
            JOIN products_stocklevel AS level ON level.variant_id = variant.id AND level.on_hand > level.reserved
        ) ON variant.product_id = each.id AND variant.is_active
        GROUP BY each.id
    ) AS truth
    WHERE product.id = truth.id
    AND (product.stocked_colors, product.stocked_sizes) IS DISTINCT FROM (truth.colors, truth.sizes)
$$;
"""

# FOR EACH STATEMENT, so that a delivery writes its products once. Whoever moves stock has locked the levels, in variant
# order; the products follow, in their own order, as in products/services/stock.py. Nearly all moves end at the question
# whether anything sold out or came back.
LEVELS = """
CREATE FUNCTION products_stocklevel_stocked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted uuid[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed
        JOIN former USING (variant_id) JOIN products_variant AS variant ON variant.id = variant_id
        WHERE (changed.on_hand > changed.reserved) <> (former.on_hand > former.reserved);
    ELSE
        SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed
        JOIN products_variant AS variant ON variant.id = variant_id WHERE on_hand > reserved;
    END IF;
    IF wanted IS NOT NULL THEN
        PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;
        PERFORM products_refresh_stocked(wanted);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER products_stocklevel_stocked_insert AFTER INSERT ON products_stocklevel
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_stocklevel_stocked();
CREATE TRIGGER products_stocklevel_stocked_update AFTER UPDATE ON products_stocklevel
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION products_stocklevel_stocked();
"""

# The function of 0007 with its last statement: a variant taken off sale, or called otherwise. A new one has no level yet.
OPTIONS = """
CREATE OR REPLACE FUNCTION products_variant_options() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM products_product WHERE id IN (SELECT product_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE products_product AS product SET colors = options.colors, sizes = options.sizes
    FROM (
        SELECT each.product_id,
            coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}') AS colors,
            coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}') AS sizes
        FROM (SELECT DISTINCT product_id FROM changed) AS each
        LEFT JOIN products_variant AS variant ON variant.product_id = each.product_id AND variant.is_active
        GROUP BY each.product_id
    ) AS options
    WHERE product.id = options.product_id
    AND (product.colors, product.sizes) IS DISTINCT FROM (options.colors::varchar[], options.sizes::varchar[]);
    IF TG_OP <> 'INSERT' THEN
        PERFORM products_refresh_stocked(ARRAY(SELECT DISTINCT product_id FROM changed));
    END IF;
    RETURN NULL;
END $$;
"""
FORMER_OPTIONS = OPTIONS.replace(
    """    IF TG_OP <> 'INSERT' THEN
        PERFORM products_refresh_stocked(ARRAY(SELECT DISTINCT product_id FROM changed));
    END IF;
""",
    "",
)


class Migration(migrations.Migration):
    dependencies = [("products", "0007_options")]
    operations = [
        migrations.AddField(
            model_name="product",
            name="stocked_colors",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="stocked_sizes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(STOCKED, "DROP FUNCTION products_refresh_stocked(uuid[])"),
        migrations.RunSQL(LEVELS, "DROP FUNCTION products_stocklevel_stocked() CASCADE"),
        migrations.RunSQL(OPTIONS, FORMER_OPTIONS),
    ]
