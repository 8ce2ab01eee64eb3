"""What reports by variant and category are added up from, and the reports that pages open with."""

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0001_initial"),
        ("products", "0007_options"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptReport",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "name",
                        "first",
                        "last",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("read_at", models.DateTimeField()),
                (
                    "stamp",
                    models.CharField(
                        help_text="tells the figures of these days from older and newer ones",
                        max_length=32,
                    ),
                ),
                (
                    "rows",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="in the order of the report's columns",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first__lte", models.F("last"))),
                        name="kept_report_days_in_order",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyCategory",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "category_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                (
                    "orders",
                    models.PositiveIntegerField(help_text="orders with anything of it"),
                ),
                ("units", models.PositiveIntegerField()),
                (
                    "revenue",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="lines less their discount",
                        max_digits=14,
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.category",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("orders__gte", 0)),
                        name="daily_category_orders_not_negative",
                        violation_error_message="orders must not be negative.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("units__gte", 0)),
                        name="daily_category_units_not_negative",
                        violation_error_message="units must not be negative.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("revenue__gte", 0)),
                        name="daily_category_revenue_not_negative",
                        violation_error_message="revenue must not be negative.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyVariant",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "variant_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("units", models.PositiveIntegerField()),
                (
                    "variant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.variant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("units__gte", 0)),
                        name="daily_variant_units_not_negative",
                        violation_error_message="units must not be negative.",
                    )
                ],
            },
        ),
    ]
