"""The average rating keeps its fraction: 5 and 4 stars are 4.5. Whole numbers had been
divided as such.
"""

from decimal import Decimal

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Cast, Coalesce, NullIf, Round

RATINGS = F("rated_1") + F("rated_2") + F("rated_3") + F("rated_4") + F("rated_5")
STARS = (
    F("rated_1")
    + F("rated_2") * 2
    + F("rated_3") * 3
    + F("rated_4") * 4
    + F("rated_5") * 5
)
DECIMAL = models.DecimalField(max_digits=12, decimal_places=2)


class Migration(migrations.Migration):
    dependencies = [("products", "0002_rules")]
    operations = [
        migrations.RemoveIndex("product", "product_rating"),
        migrations.RemoveField("product", "rating"),
        migrations.AddField(
            "product",
            "rating",
            models.GeneratedField(
                expression=Round(
                    Cast(STARS, DECIMAL) / NullIf(RATINGS, 0), precision=2
                ),
                output_field=models.DecimalField(
                    decimal_places=2, max_digits=3, null=True
                ),
                db_persist=True,
            ),
        ),
        migrations.AddIndex(
            "product",
            models.Index(
                Coalesce("rating", Decimal(0)).desc(),
                F("id").desc(),
                name="product_rating",
                condition=Q(status="published"),
            ),
        ),
    ]
