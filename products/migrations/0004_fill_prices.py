from django.db import migrations


class Migration(migrations.Migration):
    """What products cost in lists: the trigger writes it as a price is written."""

    dependencies = [("products", "0003_prices")]
    operations = [
        migrations.RunSQL(
            "UPDATE products_product SET base_price = base_price",
            migrations.RunSQL.noop,
        )
    ]
