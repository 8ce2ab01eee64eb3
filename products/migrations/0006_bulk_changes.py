import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import markrin.db.models


class Migration(migrations.Migration):
    dependencies = [
        ("products", "0005_fast_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                (
                    "name",
                    models.CharField(max_length=32, primary_key=True, serialize=False),
                ),
                ("content", models.BinaryField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=markrin.db.models.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("base", "Base price"),
                            ("sale", "Sale price, worked out from the base price"),
                            ("both", "Base price and sale price, each from itself"),
                            ("end_sale", "End the sale: no sale price"),
                            ("category", "Category"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            (
                                "percent",
                                "by percent: 10 is dearer by a tenth, -10 cheaper",
                            ),
                            ("amount", "by an amount: 50.00 more, -50.00 less"),
                            ("set", "to this price"),
                        ],
                        default="",
                        max_length=7,
                    ),
                ),
                (
                    "value",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=10, null=True
                    ),
                ),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "to 0.01"),
                            ("whole", "to whole amounts"),
                            ("x.95", "to the nearest … .95"),
                            ("x.99", "to the nearest … .99"),
                            ("x5", "to the nearest multiple of 5"),
                            ("x10", "to the nearest multiple of 10"),
                            ("x9", "to the nearest that ends in 9"),
                            ("x99", "to the nearest that ends in 99"),
                        ],
                        default="",
                        max_length=5,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("chosen", "products chosen"),
                            ("previewing", "being worked out"),
                            ("previewed", "previewed, nothing changed yet"),
                            ("applying", "being applied"),
                            ("applied", "applied"),
                            ("undoing", "being undone"),
                            ("undone", "undone"),
                        ],
                        default="chosen",
                        max_length=10,
                    ),
                ),
                ("cursor", models.UUIDField(blank=True, null=True)),
                ("total", models.PositiveIntegerField(default=0)),
                ("ready", models.PositiveIntegerField(default=0)),
                ("problems", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("applied", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("undone", models.PositiveIntegerField(default=0)),
                ("kept", models.PositiveIntegerField(default=0)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="products.category",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="BulkChangeRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "old_base_price",
                    models.DecimalField(decimal_places=2, max_digits=10, null=True),
                ),
                (
                    "old_sale_price",
                    models.DecimalField(decimal_places=2, max_digits=10, null=True),
                ),
                (
                    "new_base_price",
                    models.DecimalField(decimal_places=2, max_digits=10, null=True),
                ),
                (
                    "new_sale_price",
                    models.DecimalField(decimal_places=2, max_digits=10, null=True),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("chosen", "Chosen"),
                            ("ready", "will change"),
                            ("problem", "Problem"),
                            ("unchanged", "stays the same"),
                            ("applied", "changed"),
                            ("skipped", "Skipped"),
                            ("undone", "changed back"),
                            ("kept", "not changed back"),
                        ],
                        default="chosen",
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "change",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="products.bulkchange",
                    ),
                ),
                (
                    "old_category",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="products.category",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bulk_rows",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "ordering": ["change", "product"],
            },
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["", "base", "sale", "both", "end_sale", "category"])
                ),
                name="bulk_change_kind_known",
                violation_error_message="kind must be one of: (empty), base, sale, both, end_sale, category.",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["", "percent", "amount", "set"])),
                name="bulk_change_how_known",
                violation_error_message="how must be one of: (empty), percent, amount, set.",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "ending__in",
                        ["", "whole", "x.95", "x.99", "x5", "x10", "x9", "x99"],
                    )
                ),
                name="bulk_change_ending_known",
                violation_error_message="ending must be one of: (empty), whole, x.95, x.99, x5, x10, x9, x99.",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "chosen",
                            "previewing",
                            "previewed",
                            "applying",
                            "applied",
                            "undoing",
                            "undone",
                        ],
                    )
                ),
                name="bulk_change_state_known",
                violation_error_message="state must be one of: chosen, previewing, previewed, applying, applied, undoing, undone.",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("how", ""),
                        ("kind__in", ["", "end_sale", "category"]),
                        ("value", None),
                    ),
                    models.Q(
                        ("how__in", ["percent", "amount", "set"]),
                        ("kind__in", ["base", "sale", "both"]),
                        ("value__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="bulk_change_rule_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("ready"),
                                                "+",
                                                models.F("problems"),
                                            ),
                                            "+",
                                            models.F("unchanged"),
                                        ),
                                        "+",
                                        models.F("applied"),
                                    ),
                                    "+",
                                    models.F("skipped"),
                                ),
                                "+",
                                models.F("undone"),
                            ),
                            "+",
                            models.F("kept"),
                        ),
                    )
                ),
                name="bulk_change_counts_within_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchangerow",
            constraint=models.UniqueConstraint(
                fields=("change", "product"), name="bulk_change_row_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchangerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "result__in",
                        [
                            "chosen",
                            "ready",
                            "problem",
                            "unchanged",
                            "applied",
                            "skipped",
                            "undone",
                            "kept",
                        ],
                    )
                ),
                name="bulk_change_row_result_known",
                violation_error_message="result must be one of: chosen, ready, problem, unchanged, applied, skipped, undone, kept.",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchangerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("result__in", ["chosen", "problem", "unchanged"]),
                    ("old_base_price__isnull", False),
                    _connector="OR",
                ),
                name="bulk_change_row_remembers",
            ),
        ),
    ]
