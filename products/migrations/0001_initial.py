from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.math
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import markrin.db.declared
import markrin.db.models
import markrin.db.operations
import markrin.db.triggers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("markrin", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FacetChange",
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
                ("product_id", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=32, primary_key=True, serialize=False
                    ),
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
            name="Variant",
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
                ("sku", models.CharField(max_length=64, unique=True)),
                ("size", models.CharField(blank=True, default="", max_length=20)),
                (
                    "color",
                    models.CharField(
                        blank=True, default="", max_length=40, verbose_name="colour"
                    ),
                ),
                (
                    "base_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="shop currency; empty: the product's prices, all of them",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "sale_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="shop currency, below the variant's own base price",
                        max_digits=10,
                        null=True,
                    ),
                ),
                ("sale_starts_at", models.DateTimeField(blank=True, null=True)),
                ("sale_ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lowest_prior_price",
                    models.DecimalField(
                        decimal_places=2, editable=False, max_digits=10, null=True
                    ),
                ),
                (
                    "priced_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "barcode",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="GTIN: 8, 12, 13 or 14 digits",
                        max_length=14,
                    ),
                ),
                (
                    "weight_g",
                    models.PositiveIntegerField(
                        blank=True, help_text="grams, as it is packed", null=True
                    ),
                ),
                (
                    "hs_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="customs tariff number: 4 to 10 digits",
                        max_length=10,
                    ),
                ),
                (
                    "origin_country",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="ISO 3166-1, such as IN",
                        max_length=2,
                    ),
                ),
                (
                    "bin_location",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="where it lies in the warehouse, such as A-03-2; pick lists go by it",
                        max_length=40,
                    ),
                ),
                (
                    "cost_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="what the shop pays for it, in its currency; shoppers never see it",
                        max_digits=10,
                        null=True,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Product",
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
                ("name", models.CharField(max_length=200)),
                ("slug", models.CharField(max_length=120, unique=True)),
                (
                    "description",
                    models.TextField(blank=True, default="", max_length=10000),
                ),
                ("brand", models.CharField(blank=True, default="", max_length=80)),
                (
                    "collection",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "gender",
                    models.CharField(
                        choices=[
                            ("men", "Men"),
                            ("women", "Women"),
                            ("unisex", "Unisex"),
                            ("boys", "Boys"),
                            ("girls", "Girls"),
                        ],
                        default="unisex",
                        max_length=6,
                    ),
                ),
                (
                    "material",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "base_price",
                    models.DecimalField(
                        decimal_places=2, help_text="shop currency", max_digits=10
                    ),
                ),
                (
                    "sale_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="shop currency, below the base price; or none",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "sale_starts_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="empty: the sale price holds at once",
                        null=True,
                    ),
                ),
                (
                    "sale_ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="empty: until somebody ends it",
                        null=True,
                    ),
                ),
                (
                    "price",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        editable=False,
                        max_digits=10,
                    ),
                ),
                (
                    "price_max",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        editable=False,
                        max_digits=10,
                    ),
                ),
                ("price_until", models.DateTimeField(editable=False, null=True)),
                (
                    "next_price",
                    models.DecimalField(
                        decimal_places=2, editable=False, max_digits=10, null=True
                    ),
                ),
                (
                    "next_price_max",
                    models.DecimalField(
                        decimal_places=2, editable=False, max_digits=10, null=True
                    ),
                ),
                ("next_until", models.DateTimeField(editable=False, null=True)),
                (
                    "lowest_prior_price",
                    models.DecimalField(
                        decimal_places=2,
                        editable=False,
                        help_text="the lowest in the 30 days before the sale began",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "priced_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=20,
                    ),
                ),
                (
                    "is_gift_card",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="each piece is a gift card of its price, mailed once it is paid",
                    ),
                ),
                ("is_featured", models.BooleanField(default=False)),
                ("is_new_arrival", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("published", "Published"),
                            ("archived", "Archived"),
                        ],
                        default="draft",
                        max_length=9,
                    ),
                ),
                (
                    "seo_title",
                    models.CharField(blank=True, default="", max_length=120),
                ),
                (
                    "seo_description",
                    models.CharField(blank=True, default="", max_length=320),
                ),
                ("in_stock", models.BooleanField(default=False, editable=False)),
                (
                    "colors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="colours",
                    ),
                ),
                (
                    "sizes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                (
                    "stocked_colors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                (
                    "stocked_sizes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                (
                    "popularity",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="pieces sold in the last 30 days",
                    ),
                ),
                ("rated_1", models.PositiveIntegerField(default=0, editable=False)),
                ("rated_2", models.PositiveIntegerField(default=0, editable=False)),
                ("rated_3", models.PositiveIntegerField(default=0, editable=False)),
                ("rated_4", models.PositiveIntegerField(default=0, editable=False)),
                ("rated_5", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "fit_small",
                    models.PositiveIntegerField(default=0, editable=False),
                ),
                (
                    "fit_true",
                    models.PositiveIntegerField(default=0, editable=False),
                ),
                (
                    "fit_large",
                    models.PositiveIntegerField(default=0, editable=False),
                ),
                (
                    "review_count",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("rated_1"),
                                        "+",
                                        models.F("rated_2"),
                                    ),
                                    "+",
                                    models.F("rated_3"),
                                ),
                                "+",
                                models.F("rated_4"),
                            ),
                            "+",
                            models.F("rated_5"),
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                (
                    "rating",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.math.Round(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.functions.comparison.Cast(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("rated_1"),
                                                    "+",
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("rated_2"),
                                                        "*",
                                                        models.Value(2),
                                                    ),
                                                ),
                                                "+",
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("rated_3"),
                                                    "*",
                                                    models.Value(3),
                                                ),
                                            ),
                                            "+",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("rated_4"),
                                                "*",
                                                models.Value(4),
                                            ),
                                        ),
                                        "+",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("rated_5"),
                                            "*",
                                            models.Value(5),
                                        ),
                                    ),
                                    models.DecimalField(
                                        decimal_places=2, max_digits=12
                                    ),
                                ),
                                "/",
                                django.db.models.functions.comparison.NullIf(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("rated_1"),
                                                    "+",
                                                    models.F("rated_2"),
                                                ),
                                                "+",
                                                models.F("rated_3"),
                                            ),
                                            "+",
                                            models.F("rated_4"),
                                        ),
                                        "+",
                                        models.F("rated_5"),
                                    ),
                                    0,
                                ),
                            ),
                            precision=2,
                        ),
                        output_field=models.DecimalField(
                            decimal_places=2, max_digits=3, null=True
                        ),
                    ),
                ),
                (
                    "search",
                    django.contrib.postgres.search.SearchVectorField(
                        editable=False, null=True
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="the import it came from",
                        max_length=40,
                    ),
                ),
                (
                    "source_ref",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="its id there",
                        max_length=120,
                    ),
                ),
                (
                    "source_hash",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="of the row imported",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Category",
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
                ("name", models.CharField(max_length=80)),
                ("slug", models.CharField(max_length=120, unique=True)),
                (
                    "description",
                    models.TextField(blank=True, default="", max_length=2000),
                ),
                (
                    "image",
                    models.ImageField(
                        blank=True,
                        default="",
                        max_length=200,
                        upload_to="categories/",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="order among its siblings, then by name",
                    ),
                ),
                (
                    "ancestors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                (
                    "stems",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("name"), function="markrin_search_stems"
                        ),
                        output_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.TextField(), size=None
                        ),
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="products.category",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "categories",
                "ordering": ["position", "name", "id"],
            },
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
            name="Collection",
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
                ("name", models.CharField(max_length=80)),
                ("slug", models.CharField(max_length=120, unique=True)),
                (
                    "description",
                    models.TextField(blank=True, default="", max_length=2000),
                ),
                (
                    "is_published",
                    models.BooleanField(
                        default=True,
                        help_text="has a page that shoppers see",
                        verbose_name="published",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="order among the collections, then by name",
                    ),
                ),
                (
                    "sort",
                    models.CharField(
                        choices=[
                            ("newest", "Newest"),
                            ("popularity", "Popularity"),
                            ("price_asc", "Price Asc"),
                            ("price_desc", "Price Desc"),
                            ("name_asc", "Name Asc"),
                            ("rating", "Rating"),
                        ],
                        default="newest",
                        help_text="of what nobody has put into its place",
                        max_length=10,
                        verbose_name="order",
                    ),
                ),
                (
                    "seo_title",
                    models.CharField(blank=True, default="", max_length=120),
                ),
                (
                    "seo_description",
                    models.CharField(blank=True, default="", max_length=320),
                ),
                (
                    "by_rule",
                    models.BooleanField(
                        default=False,
                        help_text="filled by the conditions below, not by hand",
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        help_text="any of them, separated by commas",
                        size=20,
                    ),
                ),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        blank=True,
                        default=list,
                        help_text="what products have in their own field “collection”, any of them",
                        size=20,
                    ),
                ),
                (
                    "min_price",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=10, null=True
                    ),
                ),
                (
                    "max_price",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=10, null=True
                    ),
                ),
                (
                    "in_stock",
                    models.BooleanField(
                        blank=True, help_text="whether it can be bought", null=True
                    ),
                ),
                (
                    "on_sale",
                    models.BooleanField(
                        blank=True,
                        help_text="whether a sale lowers its price now",
                        null=True,
                    ),
                ),
                (
                    "max_age_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="days since the product was made, at most",
                        null=True,
                    ),
                ),
                (
                    "min_sold",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="pieces sold in the last 30 days, at least",
                        null=True,
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        help_text="with all that is below it",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.category",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "name", "id"],
            },
        ),
        migrations.CreateModel(
            name="Color",
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
                ("name", models.CharField(max_length=40)),
                (
                    "family",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="what shoppers call it: Blue for Navy; empty: it is one of its own",
                        max_length=40,
                    ),
                ),
                (
                    "hex",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="#1b2a4a; or a picture",
                        max_length=7,
                    ),
                ),
                (
                    "picture",
                    models.ImageField(
                        blank=True,
                        default="",
                        help_text="for a pattern, or a cloth",
                        max_length=200,
                        upload_to="colors/",
                    ),
                ),
                (
                    "key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("name"), function="markrin_search_key"
                        ),
                        output_field=models.TextField(),
                    ),
                ),
                (
                    "stems",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("name"), "||", models.Value(" ")
                                ),
                                "||",
                                models.F("family"),
                            ),
                            function="markrin_search_stems",
                        ),
                        output_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.TextField(), size=None
                        ),
                    ),
                ),
            ],
            options={
                "verbose_name": "colour",
                "ordering": ["family", "name", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "name__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("name", ""), _negated=True),
                        ),
                        name="color_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "family__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("family__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        ),
                        name="color_family_text",
                        violation_error_message="family must be trimmed text without control characters.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("hex", ""),
                            ("hex__regex", "\\A#[0-9a-f]{6}\\Z"),
                            _connector="OR",
                        ),
                        name="color_hex_form",
                        violation_error_message="hex takes # and six digits: #1b2a4a.",
                    ),
                    models.UniqueConstraint(
                        fields=("key",),
                        name="color_once_by_name",
                        violation_error_message="There is a colour of this name.",
                    ),
                    markrin.db.triggers.Trigger(
                        body=[
                            "BEGIN",
                            "    PERFORM products_add_search_words(markrin_search_words(NEW.name || ' ' || NEW.family), true);",
                            "    RETURN NULL;",
                            "END",
                        ],
                        condition="",
                        deferred=False,
                        for_each="ROW",
                        name="products_color_search_words",
                        transition="",
                        when="AFTER INSERT OR UPDATE OF name, family",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FacetBitmap",
            fields=[
                (
                    "key",
                    models.CharField(
                        max_length=120, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.BigIntegerField()),
                ("bitmap", models.BinaryField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["version"], name="facet_bitmap_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="Feed",
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
                ("source", models.CharField(max_length=40)),
                ("sequence", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("count", "Count"),
                            ("full", "Full"),
                            ("delta", "Delta"),
                        ],
                        default="count",
                        max_length=5,
                    ),
                ),
                ("counted_at", models.DateTimeField()),
                ("dry_run", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("staging", "Staging"),
                            ("held", "Held"),
                            ("staged", "Staged"),
                            ("applying", "Applying"),
                            ("applied", "Applied"),
                            ("reported", "Reported"),
                            ("superseded", "Superseded"),
                            ("discarded", "Discarded"),
                        ],
                        default="staging",
                        max_length=10,
                    ),
                ),
                (
                    "held_reason",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("applied", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                (
                    "cursor",
                    models.BigIntegerField(
                        default=0,
                        help_text="the last feed row that has been applied",
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "source__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("source__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("source", ""), _negated=True),
                        ),
                        name="feed_source_text",
                        violation_error_message="source must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "held_reason__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("held_reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        ),
                        name="feed_held_reason_text",
                        violation_error_message="held_reason must be trimmed text without control characters.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "\\A[0-9a-f]{64}\\Z")),
                        name="feed_sha256_format",
                        violation_error_message="sha256 is 64 hexadecimal digits.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mode__in", ["count", "full", "delta"])
                        ),
                        name="feed_mode_known",
                        violation_error_message="mode must be one of: count, full, delta.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "staging",
                                    "held",
                                    "staged",
                                    "applying",
                                    "applied",
                                    "reported",
                                    "superseded",
                                    "discarded",
                                ],
                            )
                        ),
                        name="feed_state_known",
                        violation_error_message="state must be one of: staging, held, staged, applying, applied, reported, superseded, discarded.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sequence__gte", 0),
                            ("sequence__lte", 4611686018427387904),
                        ),
                        name="feed_sequence_range",
                        violation_error_message="sequence must be from 0 to 4611686018427387904.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("dry_run", False)),
                        fields=("source", "sha256"),
                        name="feed_content_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("dry_run", False)),
                        fields=("source", "sequence"),
                        name="feed_sequence_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total__gte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("applied"),
                                        "+",
                                        models.F("unchanged"),
                                    ),
                                    "+",
                                    models.F("rejected"),
                                ),
                            )
                        ),
                        name="feed_counts_within_total",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedPull",
            fields=[
                (
                    "source",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False
                    ),
                ),
                ("etag", models.CharField(blank=True, default="", max_length=200)),
                (
                    "last_modified",
                    models.CharField(blank=True, default="", max_length=60),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="of the content read last",
                        max_length=64,
                    ),
                ),
                ("checked_at", models.DateTimeField(auto_now=True)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "ordering": ["source"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "source__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("source__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("source", ""), _negated=True),
                        ),
                        name="feed_pull_source_text",
                        violation_error_message="source must be trimmed text without control characters, and not be empty.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IgnoredWord",
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
                ("word", models.CharField(max_length=40)),
                (
                    "key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("word"), function="markrin_search_key"
                        ),
                        output_field=models.TextField(),
                    ),
                ),
            ],
            options={
                "ordering": ["word"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "word__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("word__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("word", ""), _negated=True),
                        ),
                        name="ignored_word_word_text",
                        violation_error_message="word must be trimmed text without control characters, and not be empty.",
                    ),
                    models.UniqueConstraint(
                        fields=("key",),
                        name="ignored_word_once",
                        violation_error_message="This word is ignored already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportJob",
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
                        choices=[
                            ("own", "Products: the shop's own CSV"),
                            ("shopify", "Products: Shopify's export"),
                            ("woocommerce", "Products: WooCommerce's export"),
                            ("mapped", "Products: any other CSV, by a mapping"),
                            ("customers", "Customers"),
                            ("orders", "Past orders"),
                            ("discounts", "Discount codes"),
                            ("reviews", "Reviews"),
                            ("redirects", "Old links"),
                        ],
                        max_length=11,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("mapping", models.TextField(blank=True, default="")),
                (
                    "file_name",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                ("size", models.BigIntegerField(default=0, help_text="bytes")),
                ("lines", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploading", "waits for its file"),
                            ("previewing", "being tried"),
                            ("previewed", "tried, nothing imported yet"),
                            ("importing", "being imported"),
                            ("imported", "imported"),
                            ("refused", "refused"),
                            ("discarded", "discarded"),
                        ],
                        default="uploading",
                        max_length=10,
                    ),
                ),
                (
                    "problem",
                    models.CharField(blank=True, default="", max_length=500),
                ),
                ("line", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0)),
                ("kinds", models.JSONField(default=dict)),
                ("new_categories", models.JSONField(default=list)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
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
            ],
            options={
                "verbose_name": "import",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ImportLine",
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
                ("line", models.PositiveIntegerField()),
                ("ref", models.TextField(blank=True, default="")),
                ("column", models.TextField(blank=True, default="")),
                ("kind", models.CharField(max_length=10)),
                ("code", models.CharField(blank=True, default="", max_length=80)),
                ("message", models.TextField(blank=True, default="")),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_lines",
                        to="products.importjob",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ImportPart",
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
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="products.importjob",
                    ),
                ),
            ],
            options={
                "ordering": ["job", "number"],
            },
        ),
        migrations.CreateModel(
            name="LowStock",
            fields=[
                (
                    "variant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="products.variant",
                    ),
                ),
                (
                    "fell_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("told_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "low stock",
                "ordering": ["fell_at", "variant"],
            },
        ),
        migrations.CreateModel(
            name="StockLevel",
            fields=[
                (
                    "variant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="stock",
                        serialize=False,
                        to="products.variant",
                    ),
                ),
                ("on_hand", models.IntegerField(db_default=0, default=0)),
                ("reserved", models.IntegerField(db_default=0, default=0)),
                (
                    "counted_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when a feed last counted the shelf",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FeedRow",
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
                ("line", models.PositiveIntegerField()),
                ("sku", models.CharField(blank=True, default="", max_length=200)),
                (
                    "quantity",
                    models.IntegerField(
                        blank=True,
                        help_text="pieces counted, or the change in a delta feed",
                        null=True,
                    ),
                ),
                (
                    "row_ref",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="a delta row's own id",
                        max_length=80,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("applied", "Applied"),
                            ("unchanged", "Unchanged"),
                            ("conflict", "Conflict"),
                            ("rejected", "Rejected"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "feed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="products.feed",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="BackInStockRequest",
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
                ("email", models.CharField(max_length=254)),
                ("notified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="back_in_stock_requests",
                        to="products.variant",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="variant",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="variants",
                to="products.product",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="also_in",
            field=models.ManyToManyField(
                blank=True,
                help_text="further categories that list it; its pages and its tax go by the first one",
                related_name="also_products",
                to="products.category",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="products",
                to="products.category",
            ),
        ),
        migrations.CreateModel(
            name="PriceHistory",
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
                    "base_price",
                    models.DecimalField(decimal_places=2, max_digits=10),
                ),
                (
                    "sale_price",
                    models.DecimalField(decimal_places=2, max_digits=10, null=True),
                ),
                ("sale_starts_at", models.DateTimeField(null=True)),
                ("sale_ends_at", models.DateTimeField(null=True)),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                (
                    "variant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.variant",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "price history",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ImportedValues",
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
                ("source", models.CharField(max_length=40)),
                ("values", models.JSONField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imported_values",
                        to="products.product",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FormerSlug",
            fields=[
                (
                    "slug",
                    models.CharField(
                        max_length=120, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_slugs",
                        to="products.product",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FacetNumber",
            fields=[
                ("number", models.AutoField(primary_key=True, serialize=False)),
                (
                    "product",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="facet_number",
                        to="products.product",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CollectionProduct",
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
                ("position", models.PositiveSmallIntegerField()),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="picked",
                        to="products.collection",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "ordering": ["collection", "position"],
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
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200),
                ),
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
        migrations.CreateModel(
            name="ProductImage",
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
                    "file",
                    models.ImageField(
                        blank=True,
                        default="",
                        height_field="height",
                        max_length=200,
                        upload_to="products/",
                        width_field="width",
                    ),
                ),
                (
                    "external_url",
                    models.CharField(blank=True, default="", max_length=2000),
                ),
                (
                    "source_url",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="where an import has copied the file from",
                        max_length=2000,
                    ),
                ),
                (
                    "content_hash",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="SHA-256 of what was copied, so that no picture is kept twice",
                        max_length=64,
                    ),
                ),
                (
                    "alt_text",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "color",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="the variants' colour that it shows; empty: none in particular",
                        max_length=40,
                        verbose_name="colour",
                    ),
                ),
                (
                    "thumbnails",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        editable=False,
                        help_text="width in pixels -> file",
                    ),
                ),
                (
                    "width",
                    models.PositiveIntegerField(
                        blank=True, editable=False, help_text="pixels", null=True
                    ),
                ),
                (
                    "height",
                    models.PositiveIntegerField(
                        blank=True, editable=False, help_text="pixels", null=True
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="PictureFetch",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                        ],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="why it is not there",
                        max_length=200,
                    ),
                ),
                (
                    "next_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="when it may be tried (again)",
                    ),
                ),
                (
                    "image",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fetch",
                        to="products.productimage",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "picture fetches",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Purchase",
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="products.product",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Review",
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
                ("rating", models.PositiveSmallIntegerField()),
                (
                    "comment",
                    models.TextField(blank=True, default="", max_length=2000),
                ),
                (
                    "fit",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Unsaid"),
                            ("small", "Small"),
                            ("true", "True"),
                            ("large", "Large"),
                        ],
                        default="",
                        max_length=5,
                    ),
                ),
                ("verified_buyer", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[("published", "Published"), ("hidden", "Hidden")],
                        default="published",
                        max_length=9,
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="products.product",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="SearchPin",
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
                    "query",
                    models.CharField(
                        help_text="what is searched for", max_length=100
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_pins",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "ordering": ["query", "position", "id"],
            },
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "word",
                    models.CharField(
                        max_length=64, primary_key=True, serialize=False
                    ),
                ),
                (
                    "stem",
                    models.CharField(
                        db_default="",
                        default="",
                        help_text="what its plural and its singular have in common",
                        max_length=64,
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="whether a shopper can see a product, or a name, of it",
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["word"],
                        name="search_word_trigrams",
                        opclasses=["gin_trgm_ops"],
                    ),
                    models.Index(fields=["stem"], name="search_word_stem"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SizeChart",
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
                ("title", models.CharField(max_length=80)),
                ("note", models.TextField(blank=True, default="", max_length=1000)),
                (
                    "category",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="size_chart",
                        to="products.category",
                    ),
                ),
            ],
            options={
                "ordering": ["title", "id"],
            },
        ),
        migrations.CreateModel(
            name="SizeChartEntry",
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
                ("size", models.CharField(max_length=20)),
                (
                    "measure",
                    models.CharField(
                        help_text="chest, waist, foot length …", max_length=40
                    ),
                ),
                ("min_cm", models.DecimalField(decimal_places=1, max_digits=5)),
                ("max_cm", models.DecimalField(decimal_places=1, max_digits=5)),
                (
                    "row",
                    models.PositiveSmallIntegerField(help_text="order of the size"),
                ),
                (
                    "column",
                    models.PositiveSmallIntegerField(
                        help_text="order of the measure"
                    ),
                ),
                (
                    "chart",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="products.sizechart",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "size chart entries",
                "ordering": ["row", "column"],
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("initial", "Initial"),
                            ("adjust", "Adjust"),
                            ("feed", "Feed"),
                            ("reserve", "Reserve"),
                            ("release", "Release"),
                            ("ship", "Ship"),
                            ("return", "Return"),
                        ],
                        max_length=7,
                    ),
                ),
                ("d_on_hand", models.IntegerField(default=0)),
                ("d_reserved", models.IntegerField(default=0)),
                ("ref", models.CharField(max_length=160, unique=True)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
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
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="products.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SynonymGroup",
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
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        help_text="separated by commas; a word may be several: swim suit",
                        size=40,
                    ),
                ),
                (
                    "phrases",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("words"), function="markrin_search_phrases"
                        ),
                        output_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.TextField(), size=None
                        ),
                    ),
                ),
            ],
            options={
                "ordering": ["words", "id"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["phrases"], name="synonym_group_phrases"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("words__len__gte", 2), ("words__len__lte", 40)
                        ),
                        name="synonym_group_of_2_to_40",
                        violation_error_message="A group takes 2 to 40 words.",
                    ),
                    markrin.db.triggers.Trigger(
                        body=[
                            "BEGIN",
                            "    PERFORM products_add_search_words(markrin_search_words(array_to_string(NEW.words, ' ')), true);",
                            "    RETURN NULL;",
                            "END",
                        ],
                        condition="",
                        deferred=False,
                        for_each="ROW",
                        name="products_synonymgroup_search_words",
                        transition="",
                        when="AFTER INSERT OR UPDATE OF words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxClass",
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
                    "code",
                    models.CharField(
                        help_text="apparel", max_length=40, unique=True
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "hsn",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=8),
                        blank=True,
                        default=list,
                        help_text="the beginnings of the codes that usually belong to it: 61, 6403",
                        size=None,
                        verbose_name="HSN codes",
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="of products for which nothing else says one",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "tax classes",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("code__regex", "\\A[a-z0-9-]{1,120}\\Z")
                        ),
                        name="tax_class_code_format",
                        violation_error_message="code takes 1 to 120 lower-case letters, digits and hyphens.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "name__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("name", ""), _negated=True),
                        ),
                        name="tax_class_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="tax_class_one_default",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="product",
            name="tax_class",
            field=models.ForeignKey(
                blank=True,
                help_text="empty: the nearest category's, else the default",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="products",
                to="products.taxclass",
                to_field="code",
            ),
        ),
        migrations.AddField(
            model_name="category",
            name="tax_class",
            field=models.ForeignKey(
                blank=True,
                help_text="empty: the nearest parent's, else the default",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="categories",
                to="products.taxclass",
                to_field="code",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="bulkchange",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            ["", "base", "sale", "both", "end_sale", "category"],
                        )
                    ),
                    name="bulk_change_kind_known",
                    violation_error_message="kind must be one of: (empty), base, sale, both, end_sale, category.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("how__in", ["", "percent", "amount", "set"])
                    ),
                    name="bulk_change_how_known",
                    violation_error_message="how must be one of: (empty), percent, amount, set.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "ending__in",
                            ["", "whole", "x.95", "x.99", "x5", "x10", "x9", "x99"],
                        )
                    ),
                    name="bulk_change_ending_known",
                    violation_error_message="ending must be one of: (empty), whole, x.95, x.99, x5, x10, x9, x99.",
                ),
                models.CheckConstraint(
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
                models.CheckConstraint(
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
                models.CheckConstraint(
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
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="collection",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("name", ""), _negated=True),
                    ),
                    name="collection_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "seo_title__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("seo_title__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="collection_seo_title_text",
                    violation_error_message="seo_title must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "seo_description__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("seo_description__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="collection_seo_description_text",
                    violation_error_message="seo_description must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "description__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("description__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="collection_description_text",
                    violation_error_message="description must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length(
                            models.F("description")
                        ),
                        2000,
                    ),
                    name="collection_description_length",
                    violation_error_message="description takes at most 2000 characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "slug__regex",
                            "\\A[^\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0060\\u007b-\\u00a9]{1,120}\\Z",
                        )
                    ),
                    name="collection_slug_format",
                    violation_error_message="slug takes 1 to 120 lower-case letters, digits and hyphens, of any script.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="collection_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "sort__in",
                            [
                                "newest",
                                "popularity",
                                "price_asc",
                                "price_desc",
                                "name_asc",
                                "rating",
                            ],
                        )
                    ),
                    name="collection_sort_known",
                    violation_error_message="sort must be one of: newest, popularity, price_asc, price_desc, name_asc, rating.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("max_age_days__gte", 1), ("max_age_days__lte", 3650)
                    ),
                    name="collection_max_age_days_range",
                    violation_error_message="max_age_days must be from 1 to 3650.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("min_price__gte", 0)),
                    name="collection_min_price_not_negative",
                    violation_error_message="min_price must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("max_price__gte", 0)),
                    name="collection_max_price_not_negative",
                    violation_error_message="max_price must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("min_sold__gte", 0)),
                    name="collection_min_sold_not_negative",
                    violation_error_message="min_sold must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("min_price", None),
                        ("max_price", None),
                        ("min_price__lte", models.F("max_price")),
                        _connector="OR",
                    ),
                    name="collection_prices_in_order",
                    violation_error_message="The lowest price must not be above the highest.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("by_rule", False),
                        models.Q(("tags", []), _negated=True),
                        models.Q(("labels", []), _negated=True),
                        ("category__isnull", False),
                        ("min_price__isnull", False),
                        ("max_price__isnull", False),
                        ("in_stock__isnull", False),
                        ("on_sale__isnull", False),
                        ("max_age_days__isnull", False),
                        ("min_sold__isnull", False),
                        _connector="OR",
                    ),
                    name="collection_rule_says_something",
                    violation_error_message="A rule needs at least one condition.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="importjob",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "own",
                                "shopify",
                                "woocommerce",
                                "mapped",
                                "customers",
                                "orders",
                                "discounts",
                                "reviews",
                                "redirects",
                            ],
                        )
                    ),
                    name="import_job_kind_known",
                    violation_error_message="kind must be one of: own, shopify, woocommerce, mapped, customers, orders, discounts, reviews, redirects.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "state__in",
                            [
                                "uploading",
                                "previewing",
                                "previewed",
                                "importing",
                                "imported",
                                "refused",
                                "discarded",
                            ],
                        )
                    ),
                    name="import_job_state_known",
                    violation_error_message="state must be one of: uploading, previewing, previewed, importing, imported, refused, discarded.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "file_name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("file_name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="import_job_file_name_text",
                    violation_error_message="file_name must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "problem__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("problem__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="import_job_problem_text",
                    violation_error_message="problem must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("size__gte", 0)),
                    name="import_job_size_not_negative",
                    violation_error_message="size must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            models.Q(("mapping", ""), _negated=True),
                            ("kind", "mapped"),
                        ),
                        models.Q(
                            ("mapping", ""),
                            models.Q(("kind", "mapped"), _negated=True),
                        ),
                        _connector="OR",
                    ),
                    name="import_job_mapping_fits_kind",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state", "refused"), ("problem", ""), _connector="XOR"
                    ),
                    name="import_job_refused_says_why",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="importline",
            index=models.Index(fields=["job", "kind"], name="import_line_by_kind"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="importpart",
            constraints=[
                models.UniqueConstraint(
                    fields=("job", "number"), name="import_part_once"
                )
            ],
        ),
        migrations.AddIndex(
            model_name="lowstock",
            index=models.Index(
                condition=models.Q(("told_at", None)),
                fields=["fell_at"],
                name="low_stock_untold",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="stocklevel",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("on_hand__gte", 0), ("on_hand__lte", 1000000000)
                    ),
                    name="stock_level_on_hand_range",
                    violation_error_message="on_hand must be from 0 to 1000000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("reserved__gte", 0)),
                    name="stock_level_reserved_not_negative",
                    violation_error_message="reserved must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("reserved__lte", models.F("on_hand"))),
                    name="stock_level_reserved_on_hand",
                    violation_error_message="No more pieces can be reserved than are on hand.",
                ),
                markrin.db.declared.StorageParameters(
                    autovacuum_vacuum_scale_factor=0.02,
                    fillfactor=50,
                    name="products_stocklevel_storage",
                ),
                markrin.db.declared.Function(
                    body=[
                        "UPDATE products_product AS product",
                        "SET stocked_colors = truth.colors, stocked_sizes = truth.sizes",
                        "FROM (",
                        "    SELECT each.id,",
                        "        coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}')",
                        "            ::varchar[] AS colors,",
                        "        coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}')",
                        "            ::varchar[] AS sizes",
                        "    FROM unnest(wanted) AS each (id)",
                        "    LEFT JOIN (",
                        "        products_variant AS variant",
                        "        JOIN products_stocklevel AS level",
                        "            ON level.variant_id = variant.id AND level.on_hand > level.reserved",
                        "    ) ON variant.product_id = each.id AND variant.is_active",
                        "    GROUP BY each.id",
                        ") AS truth",
                        "WHERE product.id = truth.id",
                        "AND (product.stocked_colors, product.stocked_sizes)",
                        "    IS DISTINCT FROM (truth.colors, truth.sizes)",
                    ],
                    expression="",
                    language="sql",
                    name="products_refresh_stocked",
                    options="",
                    returns="void",
                    signature="wanted uuid[]",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    wanted uuid[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed",
                        "    JOIN products_variant AS variant ON variant.id = variant_id WHERE on_hand > reserved;",
                        "    IF wanted IS NOT NULL THEN",
                        "        PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;",
                        "        PERFORM products_refresh_stocked(wanted);",
                        "        PERFORM products_refresh_prices(wanted);",
                        "        INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_stocklevel_stocked_insert",
                    transition="NEW TABLE AS changed",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    wanted uuid[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed",
                        "    JOIN former USING (variant_id) JOIN products_variant AS variant ON variant.id = variant_id",
                        "    WHERE (changed.on_hand > changed.reserved) <> (former.on_hand > former.reserved);",
                        "    IF wanted IS NOT NULL THEN",
                        "        PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;",
                        "        PERFORM products_refresh_stocked(wanted);",
                        "        PERFORM products_refresh_prices(wanted);",
                        "        INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_stocklevel_stocked_update",
                    transition="OLD TABLE AS former NEW TABLE AS changed",
                    when="AFTER UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="feedrow",
            index=models.Index(
                fields=["feed", "variant"], name="feed_row_in_variant_order"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="feedrow",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "result__in",
                            [
                                "waiting",
                                "applied",
                                "unchanged",
                                "conflict",
                                "rejected",
                            ],
                        )
                    ),
                    name="feed_row_result_known",
                    violation_error_message="result must be one of: waiting, applied, unchanged, conflict, rejected.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("quantity__gte", -1000000000),
                        ("quantity__lte", 1000000000),
                    ),
                    name="feed_row_quantity_range",
                    violation_error_message="quantity must be from -1000000000 to 1000000000.",
                ),
                models.UniqueConstraint(
                    fields=("feed", "line"), name="feed_row_line_once"
                ),
                models.UniqueConstraint(
                    condition=models.Q(
                        models.Q(("row_ref", ""), _negated=True),
                        models.Q(("result", "rejected"), _negated=True),
                    ),
                    fields=("feed", "row_ref"),
                    name="feed_row_ref_once",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("result", "rejected"),
                        models.Q(
                            ("quantity__isnull", False), ("variant__isnull", False)
                        ),
                        _connector="OR",
                    ),
                    name="feed_row_valid_or_rejected",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="backinstockrequest",
            constraints=[
                models.UniqueConstraint(
                    models.F("variant"),
                    django.db.models.functions.text.Lower("email"),
                    condition=models.Q(("notified_at", None)),
                    name="back_in_stock_request_once",
                ),
                models.CheckConstraint(
                    condition=models.Q(("email__regex", "\\A[^\\s@]+@[^\\s@]+\\Z")),
                    name="back_in_stock_request_email_format",
                    violation_error_message="email must be an address.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                condition=models.Q(("is_active", True)),
                fields=["color", "size", "product"],
                name="variant_color_size",
            ),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                condition=models.Q(("is_active", True)),
                fields=["product"],
                include=("color", "size", "position"),
                name="variant_options",
            ),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                condition=models.Q(("base_price__isnull", False)),
                fields=["product"],
                name="variant_own_price",
            ),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                condition=models.Q(("barcode", ""), _negated=True),
                fields=["barcode"],
                name="variant_barcode",
            ),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(
                        models.Func(
                            models.F("sku"),
                            models.Value("._/-"),
                            models.Value(""),
                            function="translate",
                        )
                    ),
                    name="text_pattern_ops",
                ),
                name="variant_sku_key",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="variant",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("sku__regex", "\\A[A-Za-z0-9][A-Za-z0-9._/-]{0,63}\\Z")
                    ),
                    name="variant_sku_format",
                    violation_error_message="sku takes 1 to 64 letters, digits and . _ / -, a letter or digit first.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "size__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("size__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="variant_size_text",
                    violation_error_message="size must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "color__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("color__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="variant_color_text",
                    violation_error_message="color must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "bin_location__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("bin_location__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="variant_bin_location_text",
                    violation_error_message="bin_location must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("base_price__gte", 0), ("base_price__lte", 99999999)
                    ),
                    name="variant_base_price_range",
                    violation_error_message="base_price must be from 0 to 99999999.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_price", None),
                        models.Q(
                            ("sale_price__gt", 0),
                            ("sale_price__lt", models.F("base_price")),
                        ),
                        _connector="OR",
                    ),
                    name="variant_sale_price_below_base",
                    violation_error_message="salePrice must be above 0 and below basePrice.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_starts_at", None),
                        ("sale_ends_at", None),
                        ("sale_starts_at__lt", models.F("sale_ends_at")),
                        _connector="OR",
                    ),
                    name="variant_sale_ends_after_start",
                    violation_error_message="A sale ends after it starts.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_price__isnull", False),
                        models.Q(("sale_ends_at", None), ("sale_starts_at", None)),
                        _connector="OR",
                    ),
                    name="variant_sale_dates_need_price",
                    violation_error_message="A sale needs a sale price.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("base_price__isnull", False),
                        ("sale_price", None),
                        _connector="OR",
                    ),
                    name="variant_prices_together",
                    violation_error_message="A variant has prices of its own, or all of the product's.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("barcode", ""),
                        django.db.models.lookups.Exact(
                            models.Case(
                                models.When(
                                    barcode__regex="\\A(?:[0-9]{8}|[0-9]{12,14})\\Z",
                                    then=django.db.models.functions.math.Mod(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            django.db.models.expressions.CombinedExpression(
                                                                django.db.models.expressions.CombinedExpression(
                                                                    django.db.models.expressions.CombinedExpression(
                                                                        django.db.models.expressions.CombinedExpression(
                                                                            django.db.models.expressions.CombinedExpression(
                                                                                django.db.models.expressions.CombinedExpression(
                                                                                    django.db.models.expressions.CombinedExpression(
                                                                                        django.db.models.expressions.CombinedExpression(
                                                                                            django.db.models.expressions.CombinedExpression(
                                                                                                models.Value(
                                                                                                    0
                                                                                                ),
                                                                                                "+",
                                                                                                django.db.models.expressions.CombinedExpression(
                                                                                                    django.db.models.functions.comparison.Cast(
                                                                                                        django.db.models.functions.text.Substr(
                                                                                                            django.db.models.functions.text.LPad(
                                                                                                                models.F(
                                                                                                                    "barcode"
                                                                                                                ),
                                                                                                                14,
                                                                                                                models.Value(
                                                                                                                    "0"
                                                                                                                ),
                                                                                                            ),
                                                                                                            1,
                                                                                                            1,
                                                                                                        ),
                                                                                                        models.IntegerField(),
                                                                                                    ),
                                                                                                    "*",
                                                                                                    models.Value(
                                                                                                        3
                                                                                                    ),
                                                                                                ),
                                                                                            ),
                                                                                            "+",
                                                                                            django.db.models.expressions.CombinedExpression(
                                                                                                django.db.models.functions.comparison.Cast(
                                                                                                    django.db.models.functions.text.Substr(
                                                                                                        django.db.models.functions.text.LPad(
                                                                                                            models.F(
                                                                                                                "barcode"
                                                                                                            ),
                                                                                                            14,
                                                                                                            models.Value(
                                                                                                                "0"
                                                                                                            ),
                                                                                                        ),
                                                                                                        2,
                                                                                                        1,
                                                                                                    ),
                                                                                                    models.IntegerField(),
                                                                                                ),
                                                                                                "*",
                                                                                                models.Value(
                                                                                                    1
                                                                                                ),
                                                                                            ),
                                                                                        ),
                                                                                        "+",
                                                                                        django.db.models.expressions.CombinedExpression(
                                                                                            django.db.models.functions.comparison.Cast(
                                                                                                django.db.models.functions.text.Substr(
                                                                                                    django.db.models.functions.text.LPad(
                                                                                                        models.F(
                                                                                                            "barcode"
                                                                                                        ),
                                                                                                        14,
                                                                                                        models.Value(
                                                                                                            "0"
                                                                                                        ),
                                                                                                    ),
                                                                                                    3,
                                                                                                    1,
                                                                                                ),
                                                                                                models.IntegerField(),
                                                                                            ),
                                                                                            "*",
                                                                                            models.Value(
                                                                                                3
                                                                                            ),
                                                                                        ),
                                                                                    ),
                                                                                    "+",
                                                                                    django.db.models.expressions.CombinedExpression(
                                                                                        django.db.models.functions.comparison.Cast(
                                                                                            django.db.models.functions.text.Substr(
                                                                                                django.db.models.functions.text.LPad(
                                                                                                    models.F(
                                                                                                        "barcode"
                                                                                                    ),
                                                                                                    14,
                                                                                                    models.Value(
                                                                                                        "0"
                                                                                                    ),
                                                                                                ),
                                                                                                4,
                                                                                                1,
                                                                                            ),
                                                                                            models.IntegerField(),
                                                                                        ),
                                                                                        "*",
                                                                                        models.Value(
                                                                                            1
                                                                                        ),
                                                                                    ),
                                                                                ),
                                                                                "+",
                                                                                django.db.models.expressions.CombinedExpression(
                                                                                    django.db.models.functions.comparison.Cast(
                                                                                        django.db.models.functions.text.Substr(
                                                                                            django.db.models.functions.text.LPad(
                                                                                                models.F(
                                                                                                    "barcode"
                                                                                                ),
                                                                                                14,
                                                                                                models.Value(
                                                                                                    "0"
                                                                                                ),
                                                                                            ),
                                                                                            5,
                                                                                            1,
                                                                                        ),
                                                                                        models.IntegerField(),
                                                                                    ),
                                                                                    "*",
                                                                                    models.Value(
                                                                                        3
                                                                                    ),
                                                                                ),
                                                                            ),
                                                                            "+",
                                                                            django.db.models.expressions.CombinedExpression(
                                                                                django.db.models.functions.comparison.Cast(
                                                                                    django.db.models.functions.text.Substr(
                                                                                        django.db.models.functions.text.LPad(
                                                                                            models.F(
                                                                                                "barcode"
                                                                                            ),
                                                                                            14,
                                                                                            models.Value(
                                                                                                "0"
                                                                                            ),
                                                                                        ),
                                                                                        6,
                                                                                        1,
                                                                                    ),
                                                                                    models.IntegerField(),
                                                                                ),
                                                                                "*",
                                                                                models.Value(
                                                                                    1
                                                                                ),
                                                                            ),
                                                                        ),
                                                                        "+",
                                                                        django.db.models.expressions.CombinedExpression(
                                                                            django.db.models.functions.comparison.Cast(
                                                                                django.db.models.functions.text.Substr(
                                                                                    django.db.models.functions.text.LPad(
                                                                                        models.F(
                                                                                            "barcode"
                                                                                        ),
                                                                                        14,
                                                                                        models.Value(
                                                                                            "0"
                                                                                        ),
                                                                                    ),
                                                                                    7,
                                                                                    1,
                                                                                ),
                                                                                models.IntegerField(),
                                                                            ),
                                                                            "*",
                                                                            models.Value(
                                                                                3
                                                                            ),
                                                                        ),
                                                                    ),
                                                                    "+",
                                                                    django.db.models.expressions.CombinedExpression(
                                                                        django.db.models.functions.comparison.Cast(
                                                                            django.db.models.functions.text.Substr(
                                                                                django.db.models.functions.text.LPad(
                                                                                    models.F(
                                                                                        "barcode"
                                                                                    ),
                                                                                    14,
                                                                                    models.Value(
                                                                                        "0"
                                                                                    ),
                                                                                ),
                                                                                8,
                                                                                1,
                                                                            ),
                                                                            models.IntegerField(),
                                                                        ),
                                                                        "*",
                                                                        models.Value(
                                                                            1
                                                                        ),
                                                                    ),
                                                                ),
                                                                "+",
                                                                django.db.models.expressions.CombinedExpression(
                                                                    django.db.models.functions.comparison.Cast(
                                                                        django.db.models.functions.text.Substr(
                                                                            django.db.models.functions.text.LPad(
                                                                                models.F(
                                                                                    "barcode"
                                                                                ),
                                                                                14,
                                                                                models.Value(
                                                                                    "0"
                                                                                ),
                                                                            ),
                                                                            9,
                                                                            1,
                                                                        ),
                                                                        models.IntegerField(),
                                                                    ),
                                                                    "*",
                                                                    models.Value(3),
                                                                ),
                                                            ),
                                                            "+",
                                                            django.db.models.expressions.CombinedExpression(
                                                                django.db.models.functions.comparison.Cast(
                                                                    django.db.models.functions.text.Substr(
                                                                        django.db.models.functions.text.LPad(
                                                                            models.F(
                                                                                "barcode"
                                                                            ),
                                                                            14,
                                                                            models.Value(
                                                                                "0"
                                                                            ),
                                                                        ),
                                                                        10,
                                                                        1,
                                                                    ),
                                                                    models.IntegerField(),
                                                                ),
                                                                "*",
                                                                models.Value(1),
                                                            ),
                                                        ),
                                                        "+",
                                                        django.db.models.expressions.CombinedExpression(
                                                            django.db.models.functions.comparison.Cast(
                                                                django.db.models.functions.text.Substr(
                                                                    django.db.models.functions.text.LPad(
                                                                        models.F(
                                                                            "barcode"
                                                                        ),
                                                                        14,
                                                                        models.Value(
                                                                            "0"
                                                                        ),
                                                                    ),
                                                                    11,
                                                                    1,
                                                                ),
                                                                models.IntegerField(),
                                                            ),
                                                            "*",
                                                            models.Value(3),
                                                        ),
                                                    ),
                                                    "+",
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.functions.comparison.Cast(
                                                            django.db.models.functions.text.Substr(
                                                                django.db.models.functions.text.LPad(
                                                                    models.F(
                                                                        "barcode"
                                                                    ),
                                                                    14,
                                                                    models.Value(
                                                                        "0"
                                                                    ),
                                                                ),
                                                                12,
                                                                1,
                                                            ),
                                                            models.IntegerField(),
                                                        ),
                                                        "*",
                                                        models.Value(1),
                                                    ),
                                                ),
                                                "+",
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.functions.comparison.Cast(
                                                        django.db.models.functions.text.Substr(
                                                            django.db.models.functions.text.LPad(
                                                                models.F("barcode"),
                                                                14,
                                                                models.Value("0"),
                                                            ),
                                                            13,
                                                            1,
                                                        ),
                                                        models.IntegerField(),
                                                    ),
                                                    "*",
                                                    models.Value(3),
                                                ),
                                            ),
                                            "+",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.functions.comparison.Cast(
                                                    django.db.models.functions.text.Substr(
                                                        django.db.models.functions.text.LPad(
                                                            models.F("barcode"),
                                                            14,
                                                            models.Value("0"),
                                                        ),
                                                        14,
                                                        1,
                                                    ),
                                                    models.IntegerField(),
                                                ),
                                                "*",
                                                models.Value(1),
                                            ),
                                        ),
                                        models.Value(10),
                                    ),
                                ),
                                default=models.Value(1),
                                output_field=models.IntegerField(),
                            ),
                            0,
                        ),
                        _connector="OR",
                    ),
                    name="variant_barcode_gtin",
                    violation_error_message="barcode takes a GTIN of 8, 12, 13 or 14 digits with its check digit.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("weight_g__gte", 1), ("weight_g__lte", 1000000)
                    ),
                    name="variant_weight_g_range",
                    violation_error_message="weight_g must be from 1 to 1000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("hs_code", ""),
                        ("hs_code__regex", "\\A[0-9]{4,10}\\Z"),
                        _connector="OR",
                    ),
                    name="variant_hs_code_form",
                    violation_error_message="hsCode takes 4 to 10 digits.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("origin_country", ""),
                        ("origin_country__regex", "\\A[A-Z]{2}\\Z"),
                        _connector="OR",
                    ),
                    name="variant_origin_country_form",
                    violation_error_message="originCountry takes two capital letters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("cost_price__gte", 0), ("cost_price__lte", 99999999)
                    ),
                    name="variant_cost_price_range",
                    violation_error_message="cost_price must be from 0 to 99999999.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="variant_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("is_active", True)),
                    fields=("product", "size", "color"),
                    name="variant_once_per_product",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    moment timestamp with time zone := statement_timestamp();",
                        "    began timestamp with time zone;",
                        "BEGIN",
                        "    IF TG_OP = 'INSERT' THEN",
                        "        NEW.priced_at := moment;",
                        "        NEW.lowest_prior_price := NULL;",
                        "    ELSIF (NEW.base_price, NEW.sale_price, NEW.sale_starts_at, NEW.sale_ends_at)",
                        "        IS DISTINCT FROM (OLD.base_price, OLD.sale_price, OLD.sale_starts_at, OLD.sale_ends_at)",
                        "    THEN",
                        "        IF OLD.base_price IS NOT NULL THEN",
                        "            INSERT INTO products_pricehistory (product_id, variant_id, base_price, sale_price,",
                        "                sale_starts_at, sale_ends_at, valid_from, valid_until)",
                        "            VALUES (NEW.product_id, NEW.id, OLD.base_price, OLD.sale_price, OLD.sale_starts_at,",
                        "                OLD.sale_ends_at, least(OLD.priced_at, moment), moment);",
                        "        END IF;",
                        "        NEW.priced_at := moment;",
                        "        IF NEW.sale_price IS NULL THEN",
                        "            NEW.lowest_prior_price := NULL;",
                        "        ELSIF products_price_at(OLD.base_price, OLD.sale_price, OLD.sale_starts_at,",
                        "                OLD.sale_ends_at, moment) < OLD.base_price",
                        "            AND products_price_at(NEW.base_price, NEW.sale_price, NEW.sale_starts_at,",
                        "                NEW.sale_ends_at, moment) < NEW.base_price",
                        "        THEN",
                        "            -- One reduction after another: what counts is the price before the first.",
                        "            NEW.lowest_prior_price := OLD.lowest_prior_price;",
                        "        ELSE",
                        "            began := greatest(moment, NEW.sale_starts_at);",
                        "            NEW.lowest_prior_price := products_lowest_prior_price(NEW.product_id, NEW.id, began);",
                        "            IF began > moment THEN",
                        "                NEW.lowest_prior_price := least(NEW.lowest_prior_price, NEW.base_price);",
                        "            END IF;",
                        "        END IF;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_variant_prices",
                    transition="",
                    when="BEFORE INSERT OR UPDATE OF base_price, sale_price, sale_starts_at, sale_ends_at",
                ),
                markrin.db.declared.Function(
                    body=[
                        "BEGIN",
                        "    UPDATE products_product AS product SET base_price = base_price",
                        "    WHERE id = ANY (wanted) AND NOT EXISTS (",
                        "        SELECT FROM products_list_price(product.id, product.base_price, product.sale_price,",
                        "            product.sale_starts_at, product.sale_ends_at, statement_timestamp()) AS truth",
                        "        WHERE (truth.low, truth.high) = (product.price, product.price_max)",
                        "        AND truth.until IS NOT DISTINCT FROM product.price_until",
                        "        AND (truth.until IS NULL OR EXISTS (",
                        "            SELECT FROM products_list_price(product.id, product.base_price,",
                        "                product.sale_price, product.sale_starts_at, product.sale_ends_at,",
                        "                truth.until) AS later",
                        "            WHERE (later.low, later.high) = (product.next_price, product.next_price_max)",
                        "            AND later.until IS NOT DISTINCT FROM product.next_until)));",
                        "END",
                    ],
                    expression="",
                    language="plpgsql",
                    name="products_refresh_prices",
                    options="",
                    returns="void",
                    signature="wanted uuid[]",
                ),
                markrin.db.declared.Function(
                    body=[
                        "UPDATE products_product AS product SET colors = truth.colors, sizes = truth.sizes",
                        "FROM (",
                        "    SELECT each.id,",
                        "        coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}')",
                        "            ::varchar[] AS colors,",
                        "        coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}')",
                        "            ::varchar[] AS sizes",
                        "    FROM unnest(wanted) AS each (id)",
                        "    LEFT JOIN products_variant AS variant",
                        "        ON variant.product_id = each.id AND variant.is_active",
                        "    GROUP BY each.id",
                        ") AS truth",
                        "WHERE product.id = truth.id",
                        "AND (product.colors, product.sizes) IS DISTINCT FROM (truth.colors, truth.sizes)",
                    ],
                    expression="",
                    language="sql",
                    name="products_refresh_options",
                    options="",
                    returns="void",
                    signature="wanted uuid[]",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    wanted uuid[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed;",
                        "    PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;",
                        "    PERFORM products_refresh_options(wanted);",
                        "    PERFORM products_refresh_prices(wanted);",
                        "    INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_variant_options_insert",
                    transition="NEW TABLE AS changed",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    wanted uuid[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed;",
                        "    PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;",
                        "    PERFORM products_refresh_options(wanted);",
                        "    PERFORM products_refresh_stocked(wanted);",
                        "    PERFORM products_refresh_prices(wanted);",
                        "    INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_variant_options_update",
                    transition="NEW TABLE AS changed",
                    when="AFTER UPDATE",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    wanted uuid[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed;",
                        "    PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;",
                        "    PERFORM products_refresh_options(wanted);",
                        "    PERFORM products_refresh_stocked(wanted);",
                        "    PERFORM products_refresh_prices(wanted);",
                        "    INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_variant_options_delete",
                    transition="OLD TABLE AS changed",
                    when="AFTER DELETE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="pricehistory",
            index=models.Index(
                fields=["product", "variant", "valid_until"],
                name="price_history_of",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="pricehistory",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("valid_from__lte", models.F("valid_until"))
                    ),
                    name="price_history_in_order",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="importedvalues",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "source__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("source__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("source", ""), _negated=True),
                    ),
                    name="imported_values_source_text",
                    violation_error_message="source must be trimmed text without control characters, and not be empty.",
                ),
                models.UniqueConstraint(
                    fields=("product", "source"), name="imported_values_once"
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="formerslug",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "slug__regex",
                            "\\A[^\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0060\\u007b-\\u00a9]{1,120}\\Z",
                        )
                    ),
                    name="former_slug_slug_format",
                    violation_error_message="slug takes 1 to 120 lower-case letters, digits and hyphens, of any script.",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="collectionproduct",
            constraints=[
                models.UniqueConstraint(
                    fields=("collection", "product"), name="collection_product_once"
                ),
                models.UniqueConstraint(
                    deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                    fields=("collection", "position"),
                    name="collection_product_one_per_place",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="collection_product_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="bulkchangerow",
            constraints=[
                models.UniqueConstraint(
                    fields=("change", "product"), name="bulk_change_row_once"
                ),
                models.CheckConstraint(
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
                models.CheckConstraint(
                    condition=models.Q(
                        ("result__in", ["chosen", "problem", "unchanged"]),
                        ("old_base_price__isnull", False),
                        _connector="OR",
                    ),
                    name="bulk_change_row_remembers",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(
                condition=models.Q(("content_hash", ""), _negated=True),
                fields=["content_hash"],
                name="product_image_content",
            ),
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(
                condition=models.Q(("source_url", ""), _negated=True),
                fields=["source_url"],
                name="product_image_source",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="productimage",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "alt_text__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("alt_text__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_image_alt_text_text",
                    violation_error_message="alt_text must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "color__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("color__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_image_color_text",
                    violation_error_message="color must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("external_url", ""),
                        (
                            "external_url__regex",
                            "\\Ahttps://[^\\s\\u0001-\\u001F\\u007F<>'`]+\\Z",
                        ),
                        _connector="OR",
                    ),
                    name="product_image_external_url_https",
                    violation_error_message="An image's address must begin with https://.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("file", ""),
                            models.Q(("external_url", ""), _negated=True),
                        ),
                        models.Q(
                            models.Q(("file", ""), _negated=True),
                            ("external_url", ""),
                        ),
                        _connector="OR",
                    ),
                    name="product_image_file_or_url",
                    violation_error_message="An image is either a file or an address.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "source_url__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("source_url__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_image_source_url_text",
                    violation_error_message="source_url must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("content_hash__regex", "\\A([0-9a-f]{64})?\\Z")
                    ),
                    name="product_image_content_hash_format",
                    violation_error_message="content_hash is 64 hexadecimal digits, or empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("source_url", ""),
                        models.Q(("file", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="product_image_source_of_file",
                ),
                models.UniqueConstraint(
                    deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                    fields=("product", "position"),
                    name="product_image_one_per_position",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="picturefetch",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["next_at", "id"],
                name="picture_fetch_waiting",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="picturefetch",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("state__in", ["waiting", "done", "refused"])
                    ),
                    name="picture_fetch_state_known",
                    violation_error_message="state must be one of: waiting, done, refused.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tries__gte", 0), ("tries__lte", 1000)),
                    name="picture_fetch_tries_range",
                    violation_error_message="tries must be from 0 to 1000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="picture_fetch_reason_text",
                    violation_error_message="reason must be trimmed text without control characters.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="purchase",
            constraints=[
                models.UniqueConstraint(
                    fields=("user", "product"), name="purchase_once"
                )
            ],
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                fields=["product", "-created_at", "-id"],
                name="review_of_product_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["-created_at", "-id"], name="review_newest"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="review",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("rating__gte", 1), ("rating__lte", 5)),
                    name="review_rating_range",
                    violation_error_message="rating must be from 1 to 5.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "comment__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("comment__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="review_comment_text",
                    violation_error_message="comment must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length(models.F("comment")),
                        2000,
                    ),
                    name="review_comment_length",
                    violation_error_message="comment takes at most 2000 characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("fit__in", ["", "small", "true", "large"])),
                    name="review_fit_known",
                    violation_error_message="fit must be one of: (empty), small, true, large.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("status__in", ["published", "hidden"])),
                    name="review_status_known",
                    violation_error_message="status must be one of: published, hidden.",
                ),
                models.UniqueConstraint(
                    fields=("product", "user"), name="review_once_per_customer"
                ),
                markrin.db.declared.Function(
                    body=[
                        "UPDATE products_product SET",
                        "    rated_1 = rated_1 + step * (change.rating = 1)::int,",
                        "    rated_2 = rated_2 + step * (change.rating = 2)::int,",
                        "    rated_3 = rated_3 + step * (change.rating = 3)::int,",
                        "    rated_4 = rated_4 + step * (change.rating = 4)::int,",
                        "    rated_5 = rated_5 + step * (change.rating = 5)::int,",
                        "    fit_small = fit_small + step * (change.fit = 'small')::int,",
                        "    fit_true = fit_true + step * (change.fit = 'true')::int,",
                        "    fit_large = fit_large + step * (change.fit = 'large')::int",
                        "WHERE id = change.product_id AND change.status = 'published'",
                    ],
                    expression="",
                    language="sql",
                    name="products_review_counters",
                    options="",
                    returns="void",
                    signature="change products_review, step integer",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP <> 'INSERT' THEN PERFORM products_review_counters(OLD, -1); END IF;",
                        "    IF TG_OP <> 'DELETE' THEN PERFORM products_review_counters(NEW, 1); END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_review_counted",
                    transition="",
                    when="AFTER INSERT OR DELETE OR UPDATE OF rating, fit, status, product_id",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="searchpin",
            index=models.Index(
                models.Func(models.F("query"), function="markrin_search_key"),
                name="search_pin_query",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="searchpin",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "query__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("query__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("query", ""), _negated=True),
                    ),
                    name="search_pin_query_text",
                    violation_error_message="query must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="search_pin_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
                models.UniqueConstraint(
                    fields=("query", "product"), name="search_pin_once_per_product"
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="sizechart",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "title__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("title__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("title", ""), _negated=True),
                    ),
                    name="size_chart_title_text",
                    violation_error_message="title must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="size_chart_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length(models.F("note")),
                        1000,
                    ),
                    name="size_chart_note_length",
                    violation_error_message="note takes at most 1000 characters.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="sizechartentry",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "size__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("size__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("size", ""), _negated=True),
                    ),
                    name="size_chart_entry_size_text",
                    violation_error_message="size must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "measure__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("measure__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("measure", ""), _negated=True),
                    ),
                    name="size_chart_entry_measure_text",
                    violation_error_message="measure must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("row__gte", 0), ("row__lte", 99)),
                    name="size_chart_entry_row_range",
                    violation_error_message="row must be from 0 to 99.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("column__gte", 0), ("column__lte", 19)),
                    name="size_chart_entry_column_range",
                    violation_error_message="column must be from 0 to 19.",
                ),
                models.UniqueConstraint(
                    fields=("chart", "size", "measure"),
                    name="size_chart_entry_once",
                ),
                models.UniqueConstraint(
                    fields=("chart", "row", "column"),
                    name="size_chart_entry_one_per_cell",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("max_cm__lte", 300),
                        ("min_cm__gt", 0),
                        ("min_cm__lte", models.F("max_cm")),
                    ),
                    name="size_chart_entry_cm_range",
                    violation_error_message="A measure is more than 0 and at most 300 cm, its lower end first.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(
                fields=["variant", "created_at"], name="stock_movement_of_variant"
            ),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ["adjust", "feed", "release", "return"])
                ),
                fields=["kind", "-id"],
                name="stock_movement_rare",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="stockmovement",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "initial",
                                "adjust",
                                "feed",
                                "reserve",
                                "release",
                                "ship",
                                "return",
                            ],
                        )
                    ),
                    name="stock_movement_kind_known",
                    violation_error_message="kind must be one of: initial, adjust, feed, reserve, release, ship, return.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("d_on_hand__gte", -1000000000),
                        ("d_on_hand__lte", 1000000000),
                    ),
                    name="stock_movement_d_on_hand_range",
                    violation_error_message="d_on_hand must be from -1000000000 to 1000000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("d_reserved__gte", -1000000000),
                        ("d_reserved__lte", 1000000000),
                    ),
                    name="stock_movement_d_reserved_range",
                    violation_error_message="d_reserved must be from -1000000000 to 1000000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "ref__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("ref", ""), _negated=True),
                    ),
                    name="stock_movement_ref_text",
                    violation_error_message="ref must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="stock_movement_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("d_on_hand__gte", 0),
                            ("d_reserved", 0),
                            ("kind", "initial"),
                        ),
                        models.Q(
                            ("d_reserved", 0), ("kind__in", ["adjust", "feed"])
                        ),
                        models.Q(
                            ("d_on_hand", 0),
                            ("d_reserved__gt", 0),
                            ("kind", "reserve"),
                        ),
                        models.Q(
                            ("d_on_hand", 0),
                            ("d_reserved__lt", 0),
                            ("kind", "release"),
                        ),
                        models.Q(
                            ("d_on_hand__lt", 0),
                            ("d_reserved", models.F("d_on_hand")),
                            ("kind", "ship"),
                        ),
                        models.Q(
                            ("d_on_hand__gt", 0),
                            ("d_reserved", 0),
                            ("kind", "return"),
                        ),
                        _connector="OR",
                    ),
                    name="stock_movement_deltas_fit_kind",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL",
                        "       AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN",
                        "        RETURN NEW;  -- the account of whoever moved it has gone",
                        "    END IF;",
                        "    RAISE EXCEPTION 'the stock ledger only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_movement_append_only', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_stockmovement_append_only",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                fields=["id"],
                include=(
                    "status",
                    "in_stock",
                    "gender",
                    "is_featured",
                    "is_new_arrival",
                    "base_price",
                ),
                name="product_staff_list",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["category", "price", "id"],
                include=("brand", "gender", "material", "in_stock", "price_max"),
                name="product_category_price",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("in_stock", True), ("status", "published")),
                fields=["category", "price", "id"],
                include=("price_max",),
                name="product_in_stock_price",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["category", "-popularity", "-id"],
                name="product_category_popularity",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["-created_at", "-id"],
                name="product_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["price", "id"],
                name="product_price",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["price_max"],
                name="product_price_max",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["name", "id"],
                name="product_name",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["-popularity", "-id"],
                name="product_popularity",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                models.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "rating", Decimal(0)
                    ),
                    descending=True,
                ),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("status", "published")),
                name="product_rating",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["brand", "price", "id"],
                name="product_brand",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_featured", True), ("status", "published")),
                fields=["-created_at", "-id"],
                name="product_featured",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("price_until__isnull", False)),
                fields=["price_until"],
                include=("next_until",),
                name="product_price_until",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="product_search"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["tags"], name="product_tags"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="product",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("name", ""), _negated=True),
                    ),
                    name="product_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "brand__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("brand__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_brand_text",
                    violation_error_message="brand must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "collection__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("collection__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_collection_text",
                    violation_error_message="collection must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "material__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("material__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_material_text",
                    violation_error_message="material must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "seo_title__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("seo_title__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_seo_title_text",
                    violation_error_message="seo_title must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "seo_description__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("seo_description__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_seo_description_text",
                    violation_error_message="seo_description must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "description__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("description__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="product_description_text",
                    violation_error_message="description must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length(
                            models.F("description")
                        ),
                        10000,
                    ),
                    name="product_description_length",
                    violation_error_message="description takes at most 10000 characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "slug__regex",
                            "\\A[^\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0060\\u007b-\\u00a9]{1,120}\\Z",
                        )
                    ),
                    name="product_slug_format",
                    violation_error_message="slug takes 1 to 120 lower-case letters, digits and hyphens, of any script.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("gender__in", ["men", "women", "unisex", "boys", "girls"])
                    ),
                    name="product_gender_known",
                    violation_error_message="gender must be one of: men, women, unisex, boys, girls.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("status__in", ["draft", "published", "archived"])
                    ),
                    name="product_status_known",
                    violation_error_message="status must be one of: draft, published, archived.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("base_price__gte", 0), ("base_price__lte", 99999999)
                    ),
                    name="product_base_price_range",
                    violation_error_message="base_price must be from 0 to 99999999.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_price", None),
                        models.Q(
                            ("sale_price__gt", 0),
                            ("sale_price__lt", models.F("base_price")),
                        ),
                        _connector="OR",
                    ),
                    name="product_sale_price_below_base",
                    violation_error_message="salePrice must be above 0 and below basePrice.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_starts_at", None),
                        ("sale_ends_at", None),
                        ("sale_starts_at__lt", models.F("sale_ends_at")),
                        _connector="OR",
                    ),
                    name="product_sale_ends_after_start",
                    violation_error_message="A sale ends after it starts.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("sale_price__isnull", False),
                        models.Q(("sale_ends_at", None), ("sale_starts_at", None)),
                        _connector="OR",
                    ),
                    name="product_sale_dates_need_price",
                    violation_error_message="A sale needs a sale price.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tags__len__lte", 20)),
                    name="product_tags_at_most_20",
                    violation_error_message="A product takes at most 20 tags.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("popularity__gte", 0)),
                    name="product_popularity_not_negative",
                    violation_error_message="popularity must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("rated_1__gte", 0)),
                    name="product_rated_1_not_negative",
                    violation_error_message="rated_1 must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("rated_2__gte", 0)),
                    name="product_rated_2_not_negative",
                    violation_error_message="rated_2 must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("rated_3__gte", 0)),
                    name="product_rated_3_not_negative",
                    violation_error_message="rated_3 must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("rated_4__gte", 0)),
                    name="product_rated_4_not_negative",
                    violation_error_message="rated_4 must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("rated_5__gte", 0)),
                    name="product_rated_5_not_negative",
                    violation_error_message="rated_5 must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("fit_small__gte", 0)),
                    name="product_fit_small_not_negative",
                    violation_error_message="fit_small must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("fit_true__gte", 0)),
                    name="product_fit_true_not_negative",
                    violation_error_message="fit_true must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("fit_large__gte", 0)),
                    name="product_fit_large_not_negative",
                    violation_error_message="fit_large must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "fit_small__lte",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("rated_1"),
                                                    "+",
                                                    models.F("rated_2"),
                                                ),
                                                "+",
                                                models.F("rated_3"),
                                            ),
                                            "+",
                                            models.F("rated_4"),
                                        ),
                                        "+",
                                        models.F("rated_5"),
                                    ),
                                    "-",
                                    models.F("fit_true"),
                                ),
                                "-",
                                models.F("fit_large"),
                            ),
                        )
                    ),
                    name="product_fit_within_reviews",
                ),
                markrin.db.declared.Function(
                    body=[
                        "SELECT CASE WHEN sale IS NOT NULL AND (starts IS NULL OR starts <= moment)",
                        "    AND (ends IS NULL OR moment < ends) THEN sale ELSE base END",
                    ],
                    expression="",
                    language="sql",
                    name="products_price_at",
                    options="IMMUTABLE PARALLEL SAFE",
                    returns="numeric",
                    signature="base numeric, sale numeric, starts timestamp with time zone, ends timestamp with time zone, moment timestamp with time zone",
                ),
                markrin.db.declared.Function(
                    body=[
                        "SELECT CASE WHEN sale IS NOT NULL THEN least(",
                        "    CASE WHEN starts > moment THEN starts END, CASE WHEN ends > moment THEN ends END) END",
                    ],
                    expression="",
                    language="sql",
                    name="products_price_change_after",
                    options="IMMUTABLE PARALLEL SAFE",
                    returns="timestamp with time zone",
                    signature="sale numeric, starts timestamp with time zone, ends timestamp with time zone, moment timestamp with time zone",
                ),
                markrin.db.declared.Function(
                    body=[
                        "BEGIN",
                        "    SELECT coalesce(min(price) FILTER (WHERE stocked), min(price)),",
                        "        coalesce(max(price) FILTER (WHERE stocked), max(price)), min(change)",
                        "    INTO low, high, until",
                        "    FROM (",
                        "        SELECT coalesce(level.on_hand > level.reserved, false) AS stocked,",
                        "            CASE WHEN variant.base_price IS NULL",
                        "                THEN products_price_at(own_base, own_sale, own_starts, own_ends, moment)",
                        "                ELSE products_price_at(variant.base_price, variant.sale_price,",
                        "                    variant.sale_starts_at, variant.sale_ends_at, moment) END AS price,",
                        "            CASE WHEN variant.base_price IS NULL",
                        "                THEN products_price_change_after(own_sale, own_starts, own_ends, moment)",
                        "                ELSE products_price_change_after(variant.sale_price, variant.sale_starts_at,",
                        "                    variant.sale_ends_at, moment) END AS change",
                        "        FROM products_variant AS variant",
                        "        LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id",
                        "        WHERE variant.product_id = wanted AND variant.is_active",
                        "    ) AS offered;",
                        "    IF low IS NULL THEN",
                        "        low := products_price_at(own_base, own_sale, own_starts, own_ends, moment);",
                        "        high := low;",
                        "        until := products_price_change_after(own_sale, own_starts, own_ends, moment);",
                        "    END IF;",
                        "END",
                    ],
                    expression="",
                    language="plpgsql",
                    name="products_list_price",
                    options="STABLE",
                    returns="record",
                    signature="wanted uuid, own_base numeric, own_sale numeric, own_starts timestamp with time zone, own_ends timestamp with time zone, moment timestamp with time zone, OUT low numeric, OUT high numeric, OUT until timestamp with time zone",
                ),
                markrin.db.declared.Function(
                    body=[
                        "DECLARE",
                        "    lowest numeric;",
                        "BEGIN",
                        "    SELECT min(least(",
                        "        CASE WHEN NOT (span <@ sale) THEN base_price END,",
                        "        CASE WHEN span && sale THEN sale_price END",
                        "    )) INTO lowest",
                        "    FROM (",
                        "        SELECT base_price, sale_price,",
                        "            tstzrange(greatest(valid_from, began - interval '30 days'),",
                        "                least(valid_until, began)) AS span,",
                        "            CASE WHEN sale_price IS NULL THEN 'empty'::tstzrange",
                        "                ELSE tstzrange(sale_starts_at, sale_ends_at) END AS sale",
                        "        FROM products_pricehistory",
                        "        WHERE product_id = of_product AND variant_id IS NOT DISTINCT FROM of_variant",
                        "        AND valid_until > began - interval '30 days' AND valid_from < began",
                        "        AND valid_from < valid_until",
                        "    ) AS past;",
                        "    RETURN lowest;",
                        "END",
                    ],
                    expression="",
                    language="plpgsql",
                    name="products_lowest_prior_price",
                    options="STABLE",
                    returns="numeric",
                    signature="of_product uuid, of_variant uuid, began timestamp with time zone",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    moment timestamp with time zone := statement_timestamp();",
                        "    began timestamp with time zone;",
                        "    found record;",
                        "BEGIN",
                        "    IF TG_OP = 'INSERT' THEN",
                        "        NEW.priced_at := moment;",
                        "        NEW.lowest_prior_price := NULL;",
                        "    ELSIF (NEW.base_price, NEW.sale_price, NEW.sale_starts_at, NEW.sale_ends_at)",
                        "        IS DISTINCT FROM (OLD.base_price, OLD.sale_price, OLD.sale_starts_at, OLD.sale_ends_at)",
                        "    THEN",
                        "        IF OLD.base_price IS NOT NULL THEN",
                        "            INSERT INTO products_pricehistory (product_id, variant_id, base_price, sale_price,",
                        "                sale_starts_at, sale_ends_at, valid_from, valid_until)",
                        "            VALUES (NEW.id, NULL, OLD.base_price, OLD.sale_price, OLD.sale_starts_at,",
                        "                OLD.sale_ends_at, least(OLD.priced_at, moment), moment);",
                        "        END IF;",
                        "        NEW.priced_at := moment;",
                        "        IF NEW.sale_price IS NULL THEN",
                        "            NEW.lowest_prior_price := NULL;",
                        "        ELSIF products_price_at(OLD.base_price, OLD.sale_price, OLD.sale_starts_at,",
                        "                OLD.sale_ends_at, moment) < OLD.base_price",
                        "            AND products_price_at(NEW.base_price, NEW.sale_price, NEW.sale_starts_at,",
                        "                NEW.sale_ends_at, moment) < NEW.base_price",
                        "        THEN",
                        "            -- One reduction after another: what counts is the price before the first.",
                        "            NEW.lowest_prior_price := OLD.lowest_prior_price;",
                        "        ELSE",
                        "            began := greatest(moment, NEW.sale_starts_at);",
                        "            NEW.lowest_prior_price := products_lowest_prior_price(NEW.id, NULL, began);",
                        "            IF began > moment THEN",
                        "                NEW.lowest_prior_price := least(NEW.lowest_prior_price, NEW.base_price);",
                        "            END IF;",
                        "        END IF;",
                        "    END IF;",
                        "    found := products_list_price(NEW.id, NEW.base_price, NEW.sale_price, NEW.sale_starts_at,",
                        "        NEW.sale_ends_at, moment);",
                        "    NEW.price := found.low;",
                        "    NEW.price_max := found.high;",
                        "    NEW.price_until := found.until;",
                        "    NEW.next_price := NULL;",
                        "    NEW.next_price_max := NULL;",
                        "    NEW.next_until := NULL;",
                        "    IF NEW.price_until IS NOT NULL THEN",
                        "        found := products_list_price(NEW.id, NEW.base_price, NEW.sale_price,",
                        "            NEW.sale_starts_at, NEW.sale_ends_at, NEW.price_until);",
                        "        NEW.next_price := found.low;",
                        "        NEW.next_price_max := found.high;",
                        "        NEW.next_until := found.until;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_product_prices",
                    transition="",
                    when="BEFORE INSERT OR UPDATE OF base_price, sale_price, sale_starts_at, sale_ends_at",
                ),
                markrin.db.declared.Function(
                    body=[
                        "SELECT coalesce(string_agg('''' || word || ''':' || label, ' '), '')::tsvector",
                        "FROM unnest(words) AS word",
                    ],
                    expression="",
                    language="sql",
                    name="products_search_vector",
                    options="IMMUTABLE PARALLEL SAFE",
                    returns="tsvector",
                    signature="words text[], label text",
                ),
                markrin.db.declared.Function(
                    body=[
                        "SELECT products_search_vector(markrin_search_words(product.name)",
                        "        || ('=' || markrin_search_key(product.name))",
                        "        || ('@' || replace(product.category_id::text, '-', ''))",
                        "        || ARRAY(SELECT '@' || replace(also.category_id::text, '-', '')",
                        "            FROM products_product_also_in AS also",
                        "            WHERE also.product_id = product.id ORDER BY 1), '1A')",
                        "    || products_search_vector(markrin_search_words(concat_ws(' ', product.brand,",
                        "        array_to_string(product.colors, ' '), product.material, product.gender)), '2B')",
                        "    || products_search_vector(",
                        "        markrin_search_words(concat_ws(' ', array_to_string(product.tags, ' '),",
                        "            product.collection,",
                        "            CASE product.gender WHEN 'unisex' THEN 'men women boys girls'",
                        "                WHEN 'boys' THEN 'kids' WHEN 'girls' THEN 'kids' END))",
                        "        || ARRAY(SELECT '~' || markrin_search_key(color)",
                        "            FROM unnest(product.colors) AS color)",
                        "        || ARRAY(SELECT '#' || markrin_search_key(size)",
                        "            FROM unnest(product.sizes) AS size), '3C')",
                        "    || products_search_vector(markrin_search_words(product.description), '4D')",
                    ],
                    expression="",
                    language="sql",
                    name="products_search_document",
                    options="STABLE",
                    returns="tsvector",
                    signature="product products_product",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'UPDATE' AND NEW.search IS NOT NULL AND OLD.search IS NOT NULL",
                        "        AND (NEW.name, NEW.description, NEW.category_id, NEW.brand, NEW.collection, NEW.gender, NEW.material, NEW.tags, NEW.colors, NEW.sizes)",
                        "        IS NOT DISTINCT FROM",
                        "        (OLD.name, OLD.description, OLD.category_id, OLD.brand, OLD.collection, OLD.gender, OLD.material, OLD.tags, OLD.colors, OLD.sizes)",
                        "    THEN",
                        "        NEW.search := OLD.search;",
                        "    ELSE",
                        "        NEW.search := products_search_document(NEW);",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_search_written",
                    transition="",
                    when="BEFORE INSERT OR UPDATE OF name, description, category_id, brand, collection, gender, material, tags, colors, sizes, search",
                ),
                markrin.db.declared.Function(
                    body=[
                        "DECLARE",
                        "    missing text[];",
                        "BEGIN",
                        "    SELECT array_agg(DISTINCT given.word) INTO missing FROM unnest(words) AS given (word)",
                        "    WHERE given.word !~ '^[=@~]'",
                        "    AND NOT EXISTS (",
                        "        SELECT FROM products_searchword AS known",
                        "        WHERE known.word = given.word AND known.is_public >= public",
                        "    );",
                        "    IF missing IS NOT NULL THEN",
                        "        PERFORM pg_advisory_xact_lock(hashtext('products_searchword'));",
                        "        INSERT INTO products_searchword AS known (word, stem, is_public)",
                        "        SELECT word, markrin_search_stem(word), public FROM unnest(missing) AS word",
                        "        ON CONFLICT (word) DO UPDATE SET is_public = true",
                        "        WHERE NOT known.is_public AND excluded.is_public;",
                        "    END IF;",
                        "END",
                    ],
                    expression="",
                    language="plpgsql",
                    name="products_add_search_words",
                    options="",
                    returns="void",
                    signature="words text[], public boolean",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    PERFORM products_add_search_words(array_agg(DISTINCT lexeme), status = 'published')",
                        "    FROM added, unnest(added.search) GROUP BY status = 'published';",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_search_words_insert",
                    transition="NEW TABLE AS added",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    PERFORM products_add_search_words(tsvector_to_array(NEW.search), NEW.status = 'published');",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="(((old.search)::text IS DISTINCT FROM (new.search)::text) OR ((old.status)::text IS DISTINCT FROM (new.status)::text))",
                    deferred=False,
                    for_each="ROW",
                    name="products_search_words_update",
                    transition="",
                    when="AFTER UPDATE OF name, description, category_id, brand, collection, gender, material, tags, colors, sizes, status",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    INSERT INTO products_facetchange (product_id) SELECT id FROM added;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="STATEMENT",
                    name="products_facets_insert",
                    transition="NEW TABLE AS added",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    INSERT INTO products_facetchange (product_id) VALUES (NEW.id);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="(((old.status)::text IS DISTINCT FROM (new.status)::text) OR (old.category_id IS DISTINCT FROM new.category_id) OR ((old.brand)::text IS DISTINCT FROM (new.brand)::text) OR ((old.gender)::text IS DISTINCT FROM (new.gender)::text) OR ((old.material)::text IS DISTINCT FROM (new.material)::text) OR (old.in_stock IS DISTINCT FROM new.in_stock) OR (old.is_featured IS DISTINCT FROM new.is_featured) OR (old.is_new_arrival IS DISTINCT FROM new.is_new_arrival) OR ((old.colors)::text[] IS DISTINCT FROM (new.colors)::text[]) OR ((old.sizes)::text[] IS DISTINCT FROM (new.sizes)::text[]) OR ((old.stocked_colors)::text[] IS DISTINCT FROM (new.stocked_colors)::text[]) OR ((old.stocked_sizes)::text[] IS DISTINCT FROM (new.stocked_sizes)::text[]) OR (old.base_price IS DISTINCT FROM new.base_price) OR (old.price IS DISTINCT FROM new.price) OR (old.price_max IS DISTINCT FROM new.price_max))",
                    deferred=False,
                    for_each="ROW",
                    name="products_facets_update",
                    transition="",
                    when="AFTER UPDATE",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    INSERT INTO products_facetchange (product_id) VALUES (OLD.id);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_facets_delete",
                    transition="",
                    when="AFTER DELETE",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("source", ""), _negated=True),
                    fields=("source", "source_ref"),
                    name="product_import_once",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="category",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["ancestors"], name="category_ancestors"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="category",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("name", ""), _negated=True),
                    ),
                    name="category_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "description__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("description__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="category_description_text",
                    violation_error_message="description must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length(
                            models.F("description")
                        ),
                        2000,
                    ),
                    name="category_description_length",
                    violation_error_message="description takes at most 2000 characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "slug__regex",
                            "\\A[^\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0060\\u007b-\\u00a9]{1,120}\\Z",
                        )
                    ),
                    name="category_slug_format",
                    violation_error_message="slug takes 1 to 120 lower-case letters, digits and hyphens, of any script.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="category_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
                models.UniqueConstraint(
                    fields=("parent", "name"),
                    name="category_name_once_per_parent",
                    nulls_distinct=False,
                ),
                models.CheckConstraint(
                    condition=models.Q(("parent", models.F("id")), _negated=True),
                    name="category_not_its_own_parent",
                    violation_error_message="parent must be another category.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    above uuid[] := '{}';",
                        "BEGIN",
                        "    IF NEW.parent_id IS NOT NULL THEN",
                        "        -- Two moves at once could close a circle that neither of them sees.",
                        "        PERFORM pg_advisory_xact_lock(hashtext('products_category_tree'));",
                        "        SELECT ancestors INTO above FROM products_category WHERE id = NEW.parent_id;",
                        "        IF NEW.id = ANY (above) OR NEW.id = NEW.parent_id THEN",
                        "            RAISE EXCEPTION 'category % would be its own ancestor', NEW.id",
                        "                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_without_cycles',",
                        "                    TABLE = TG_TABLE_NAME;",
                        "        END IF;",
                        "        IF cardinality(above) >= 8 THEN",
                        "            RAISE EXCEPTION 'category % would be too deep', NEW.id",
                        "                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_at_most_8_deep',",
                        "                    TABLE = TG_TABLE_NAME;",
                        "        END IF;",
                        "    END IF;",
                        "    NEW.ancestors := coalesce(above, '{}') || NEW.id;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_category_tree",
                    transition="",
                    when="BEFORE INSERT OR UPDATE OF parent_id, ancestors",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    UPDATE products_category SET ancestors = '{}' WHERE parent_id = NEW.id;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="(old.ancestors IS DISTINCT FROM new.ancestors)",
                    deferred=False,
                    for_each="ROW",
                    name="products_category_subtree",
                    transition="",
                    when="AFTER UPDATE OF parent_id, ancestors",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    PERFORM products_add_search_words(markrin_search_words(NEW.name), true);",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="products_category_search_words",
                    transition="",
                    when="AFTER INSERT OR UPDATE OF name",
                ),
            ],
        ),
    ]
