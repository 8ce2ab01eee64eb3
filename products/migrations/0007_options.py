"""The colours and sizes that a product comes in, and those that can be bought now, beside
the product: facets count them without its variants and their stock."""

import django.contrib.postgres.fields
from django.db import migrations, models

# `wanted` are products that the caller has locked; variants and levels are read by a
# statement of its own after that, so that of two writers at once the second one sees what
# the first has left.
REFRESH = """
CREATE FUNCTION products_refresh_options(wanted uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE products_product AS product SET colors = truth.colors, sizes = truth.sizes
    FROM (
        SELECT each.id,
            coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}')::varchar[] AS colors,
            coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}')::varchar[] AS sizes
        FROM unnest(wanted) AS each (id)
        LEFT JOIN products_variant AS variant ON variant.product_id = each.id AND variant.is_active
        GROUP BY each.id
    ) AS truth
    WHERE product.id = truth.id AND (product.colors, product.sizes) IS DISTINCT FROM (truth.colors, truth.sizes)
$$;
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
# FOR EACH STATEMENT, so that an import of a thousand variants writes their products once. A
# new variant has no level.
VARIANTS = """
CREATE FUNCTION products_variant_options() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted uuid[];
BEGIN
    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed;
    PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;
    PERFORM products_refresh_options(wanted);
    IF TG_OP <> 'INSERT' THEN
        PERFORM products_refresh_stocked(wanted);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER products_variant_options_insert AFTER INSERT ON products_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
CREATE TRIGGER products_variant_options_update AFTER UPDATE ON products_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
CREATE TRIGGER products_variant_options_delete AFTER DELETE ON products_variant
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
"""
# A delivery writes its products once. Whoever moves stock has locked the levels, in variant
# order; the products follow, in their own order, as in products/services/stock/movements.py. Nearly
# all moves end at the question whether anything sold out or came back.
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


def _values(max_length: int) -> django.contrib.postgres.fields.ArrayField:
    each = models.CharField(max_length=max_length)
    return django.contrib.postgres.fields.ArrayField(
        base_field=each, db_default=[], default=list, editable=False, size=None
    )


class Migration(migrations.Migration):
    dependencies = [("products", "0006_bulk_changes")]
    operations = [
        migrations.AddField("product", "colors", _values(40)),
        migrations.AddField("product", "sizes", _values(20)),
        migrations.AddField("product", "stocked_colors", _values(40)),
        migrations.AddField("product", "stocked_sizes", _values(20)),
        migrations.RunSQL(
            REFRESH,
            "DROP FUNCTION products_refresh_options(uuid[]); DROP FUNCTION products_refresh_stocked(uuid[])",
        ),
        migrations.RunSQL(VARIANTS, "DROP FUNCTION products_variant_options() CASCADE"),
        migrations.RunSQL(
            LEVELS, "DROP FUNCTION products_stocklevel_stocked() CASCADE"
        ),
    ]
