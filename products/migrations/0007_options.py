"""The colours and sizes that a product comes in, beside the product: counted for the facets without its variants."""

import django.contrib.postgres.fields
from django.db import migrations, models

# FOR EACH STATEMENT, so that an import of a thousand variants writes their products once. The products are locked
# first and the variants read by a statement of its own: of two at once, the second one sees what the first has written.
OPTIONS = """
CREATE FUNCTION products_variant_options() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NULL;
END $$;
CREATE TRIGGER products_variant_options_insert AFTER INSERT ON products_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
CREATE TRIGGER products_variant_options_update AFTER UPDATE ON products_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
CREATE TRIGGER products_variant_options_delete AFTER DELETE ON products_variant
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_variant_options();
"""
FILL = """
UPDATE products_product AS product SET colors = options.colors, sizes = options.sizes
FROM (
    SELECT product_id, coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}') AS colors,
        coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}') AS sizes
    FROM products_variant WHERE is_active GROUP BY product_id
) AS options
WHERE product.id = options.product_id
"""


class Migration(migrations.Migration):
    dependencies = [("products", "0006_bulk_changes")]
    operations = [
        migrations.AddField(
            model_name="product",
            name="colors",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="sizes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(OPTIONS, "DROP FUNCTION products_variant_options() CASCADE"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
