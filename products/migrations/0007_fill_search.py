from django.db import migrations


class Migration(migrations.Migration):
    """What a search looks through: triggers write it as a product, a category is written."""

    dependencies = [("products", "0006_search_index")]
    operations = [
        migrations.RunSQL(
            [
                "DELETE FROM products_searchword",
                "UPDATE products_category SET name = name",
                "UPDATE products_product SET search = NULL, status = status",
            ],
            migrations.RunSQL.noop,
        )
    ]
