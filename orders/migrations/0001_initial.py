import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
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
        ("accounts", "0002_initial"),
        ("accounts", "__first__"),
        ("markrin", "0001_initial"),
        ("products", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Fulfilment",
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
                    "position",
                    models.PositiveSmallIntegerField(
                        help_text="1 for the order's first parcel"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("packed", "Packed"),
                            ("shipped", "Sent"),
                            ("delivered", "Delivered"),
                            ("undelivered", "Undelivered"),
                            ("returned", "Back, counted in"),
                            ("lost", "Lost"),
                            ("cancelled", "Unpacked"),
                        ],
                        default="packed",
                        max_length=11,
                    ),
                ),
                (
                    "carrier",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "tracking_number",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "tracking_url",
                    models.CharField(blank=True, default="", max_length=500),
                ),
                (
                    "undelivered_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refused", "Refused"),
                            ("not_found", "Not found"),
                            ("damaged", "Damaged"),
                            ("other", "Other"),
                        ],
                        default="",
                        max_length=9,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("shipped_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["order", "position"],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("invoice", "Invoice"),
                            ("credit_note", "credit note"),
                            ("receipt_voucher", "receipt voucher"),
                            ("refund_voucher", "refund voucher"),
                        ],
                        max_length=15,
                    ),
                ),
                ("series", models.CharField(max_length=12)),
                ("serial", models.PositiveIntegerField(null=True)),
                ("number", models.CharField(max_length=16, null=True, unique=True)),
                (
                    "issued_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "issued_on",
                    models.DateField(help_text="a day of the shop's calendar"),
                ),
                ("cause", models.CharField(max_length=160, unique=True)),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "language",
                    models.CharField(blank=True, default="", max_length=8),
                ),
                ("currency", models.CharField(max_length=3)),
                ("taxable", models.DecimalField(decimal_places=3, max_digits=14)),
                ("tax", models.DecimalField(decimal_places=3, max_digits=14)),
                ("total", models.DecimalField(decimal_places=3, max_digits=14)),
                (
                    "buyer_tax_id",
                    models.CharField(blank=True, default="", max_length=20),
                ),
                (
                    "supply_country",
                    models.CharField(blank=True, default="", max_length=2),
                ),
                (
                    "supply_state",
                    models.CharField(blank=True, default="", max_length=6),
                ),
                (
                    "zero_rated",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("export", "Export"),
                            ("intra_community", "Intra Community"),
                            ("exempt_customer", "Exempt"),
                        ],
                        default="",
                        max_length=15,
                    ),
                ),
                ("data", models.JSONField()),
                (
                    "anonymised_at",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
                (
                    "fulfilment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="orders.fulfilment",
                    ),
                ),
                (
                    "original",
                    models.ForeignKey(
                        blank=True,
                        help_text="the invoice that a credit note corrects, or a refund's receipt voucher",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="orders.invoice",
                    ),
                ),
            ],
            options={
                "ordering": ["-issued_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
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
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sale", "Sale"),
                            ("credit", "Credit"),
                            ("payment", "Payment"),
                            ("refund", "Refund"),
                            ("dispute", "Dispute"),
                            ("payout", "Payout"),
                            ("gift_card", "Gift Card"),
                            ("correction", "Correction"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Carrier",
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
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "url_pattern",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="https://… with {tracking} where the number belongs; empty: no link",
                        max_length=500,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["name"],
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
                        name="carrier_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "url_pattern__regex",
                                "\\A(https://[^\\s\\u0001-\\u001F\\u007F]+)?\\Z",
                            )
                        ),
                        name="carrier_url_pattern_format",
                        violation_error_message="The pattern must begin with https://.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("url_pattern", ""),
                            ("url_pattern__contains", "{tracking}"),
                            _connector="OR",
                        ),
                        name="carrier_url_pattern_has_tracking",
                        violation_error_message="The pattern must contain {tracking}.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cart",
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
                    "token_hash",
                    models.BinaryField(
                        blank=True,
                        help_text="SHA-256 of the token",
                        max_length=32,
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "coupon_codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="what the shopper has typed; whether it applies is seen anew each time",
                        size=5,
                    ),
                ),
                (
                    "gift_card_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="the cards whose codes the shopper has typed",
                        size=5,
                    ),
                ),
                (
                    "use_store_credit",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cart",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="CartLine",
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
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "price_at_add",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="shop currency, one piece",
                        max_digits=10,
                    ),
                ),
                (
                    "cart",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.cart",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ConfirmedTaxId",
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
                    "tax_id",
                    models.CharField(
                        help_text="with its country: FR40303265045",
                        max_length=20,
                        unique=True,
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        help_text="where it was looked up, and what the registry said",
                        max_length=200,
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "confirmed tax number",
                "ordering": ["tax_id"],
            },
        ),
        migrations.CreateModel(
            name="CustomerRecord",
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
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="separated by commas: vip, gift-wrap",
                        size=20,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=2000)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="record",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DraftOrder",
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
                ("recipient", models.CharField(max_length=120)),
                ("phone", models.CharField(help_text="E.164", max_length=16)),
                ("street", models.CharField(max_length=200)),
                ("city", models.CharField(max_length=80)),
                ("state", models.CharField(blank=True, default="", max_length=80)),
                (
                    "state_code",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="ISO 3166-2: IN-KA",
                        max_length=6,
                    ),
                ),
                (
                    "postal_code",
                    models.CharField(blank=True, default="", max_length=12),
                ),
                (
                    "country",
                    models.CharField(help_text="ISO 3166-1 alpha-2", max_length=2),
                ),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                (
                    "payment_method",
                    models.CharField(
                        choices=[("cod", "Cash on delivery"), ("online", "Online")],
                        default="cod",
                        help_text="online: a link to pay is mailed and shown",
                        max_length=6,
                    ),
                ),
                (
                    "discount",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="taken off the goods, besides what promotions take off",
                        max_digits=12,
                    ),
                ),
                (
                    "discount_reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="the customer reads it",
                        max_length=100,
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="for staff alone",
                        max_length=1000,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cart",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft",
                        to="orders.cart",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="the account with this verified address",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "order by telephone",
                "verbose_name_plural": "orders by telephone",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="GiftCard",
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
                            ("card", "gift card"),
                            ("store_credit", "store credit"),
                        ],
                        default="card",
                        max_length=12,
                    ),
                ),
                (
                    "code_hash",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=64,
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "code_encrypted",
                    models.CharField(
                        blank=True, default="", editable=False, max_length=300
                    ),
                ),
                ("last4", models.CharField(blank=True, default="", max_length=4)),
                (
                    "balance",
                    models.DecimalField(decimal_places=3, default=0, max_digits=13),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, help_text="empty: it does not expire", null=True
                    ),
                ),
                (
                    "is_blocked",
                    models.BooleanField(
                        default=False, help_text="nobody can pay with it"
                    ),
                ),
                (
                    "email",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="to whom the code is mailed",
                        max_length=254,
                    ),
                ),
                (
                    "language",
                    models.CharField(blank=True, default="", max_length=8),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="whose store credit it is",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="gift_cards",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField(unique=True)),
                ("name", models.CharField(max_length=80)),
            ],
            options={
                "ordering": ["day"],
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
                        name="holiday_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
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
                    "scope",
                    models.CharField(help_text="route and caller", max_length=120),
                ),
                ("key", models.CharField(max_length=255)),
                (
                    "fingerprint",
                    models.BinaryField(
                        help_text="SHA-256 of method, path and canonical body",
                        max_length=32,
                    ),
                ),
                ("result_id", models.UUIDField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["created_at"], name="idempotency_key_by_age"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "key"), name="idempotency_key_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "\\A[!-~]{1,255}\\Z")),
                        name="idempotency_key_key_format",
                        violation_error_message="A key has 1 to 255 visible characters.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceFile",
            fields=[
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="orders.invoice",
                    ),
                ),
                ("pdf", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "rendered_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceSeries",
            fields=[
                (
                    "prefix",
                    models.CharField(
                        max_length=12, primary_key=True, serialize=False
                    ),
                ),
                ("last", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name_plural": "invoice series",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "prefix__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("prefix__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("prefix", ""), _negated=True),
                        ),
                        name="invoice_series_prefix_text",
                        violation_error_message="prefix must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", 1)),
                        name="invoice_series_last",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account", models.CharField(max_length=60)),
                ("amount", models.DecimalField(decimal_places=3, max_digits=14)),
                ("currency", models.CharField(max_length=3)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="orders.ledgerentry",
                    ),
                ),
            ],
            options={
                "ordering": ["entry", "id"],
            },
        ),
        migrations.CreateModel(
            name="MonthClosing",
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
                ("month", models.DateField(help_text="its first day", unique=True)),
                (
                    "closed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("balances", models.JSONField()),
                ("sheets", models.JSONField()),
                (
                    "documents",
                    models.PositiveIntegerField(
                        help_text="invoices and notes of all kinds, dated in the month"
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "closed month",
                "ordering": ["-month"],
            },
        ),
        migrations.CreateModel(
            name="Order",
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
                ("recipient", models.CharField(max_length=120)),
                ("phone", models.CharField(help_text="E.164", max_length=16)),
                ("street", models.CharField(max_length=200)),
                ("city", models.CharField(max_length=80)),
                ("state", models.CharField(blank=True, default="", max_length=80)),
                (
                    "state_code",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="ISO 3166-2: IN-KA",
                        max_length=6,
                    ),
                ),
                (
                    "postal_code",
                    models.CharField(blank=True, default="", max_length=12),
                ),
                (
                    "country",
                    models.CharField(help_text="ISO 3166-1 alpha-2", max_length=2),
                ),
                (
                    "number",
                    models.CharField(
                        help_text="for people: MK-2026-000123",
                        max_length=20,
                        unique=True,
                    ),
                ),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                (
                    "guest_token_hash",
                    models.BinaryField(blank=True, max_length=32, null=True),
                ),
                (
                    "language",
                    models.CharField(blank=True, default="", max_length=8),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Placed"),
                            ("confirmed", "Confirmed"),
                            ("processing", "Being packed"),
                            ("partially_shipped", "Partly sent"),
                            ("shipped", "Sent"),
                            ("undelivered", "Undelivered"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Cancelled"),
                            ("returned", "Returned"),
                        ],
                        default="pending",
                        max_length=17,
                    ),
                ),
                (
                    "payment_status",
                    models.CharField(
                        choices=[
                            ("unpaid", "Unpaid"),
                            ("paid", "Paid"),
                            ("failed", "Payment failed"),
                            ("refunded", "Refunded"),
                        ],
                        default="unpaid",
                        max_length=8,
                    ),
                ),
                (
                    "payment_method",
                    models.CharField(
                        choices=[("cod", "Cash on delivery"), ("online", "Online")],
                        max_length=6,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("subtotal", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "discount",
                    models.DecimalField(decimal_places=2, default=0, max_digits=12),
                ),
                ("shipping", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "cod_fee",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        max_digits=12,
                        verbose_name="fee for cash on delivery",
                    ),
                ),
                ("tax", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "tax_included",
                    models.BooleanField(
                        help_text="whether subtotal and shipping already contain the tax"
                    ),
                ),
                (
                    "tax_id",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="a business buyer's",
                        max_length=20,
                    ),
                ),
                (
                    "supply_country",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="the place of supply",
                        max_length=2,
                    ),
                ),
                (
                    "supply_state",
                    models.CharField(blank=True, default="", max_length=6),
                ),
                (
                    "zero_rated",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("export", "Export"),
                            ("intra_community", "Intra Community"),
                            ("exempt_customer", "Exempt"),
                        ],
                        default="",
                        help_text="why no tax was charged",
                        max_length=15,
                    ),
                ),
                ("total", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "refunded",
                    models.DecimalField(decimal_places=2, default=0, max_digits=12),
                ),
                (
                    "waived",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="not owed any more: pieces that were cancelled or came back unpaid",
                        max_digits=12,
                    ),
                ),
                (
                    "gift_card_amount",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        help_text="what gift cards and store credit paid of it",
                        max_digits=12,
                    ),
                ),
                (
                    "part_paid",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        help_text="what cash, a provider or an exchange had paid before the rest was owed",
                        max_digits=12,
                    ),
                ),
                (
                    "sells_gift_cards",
                    models.BooleanField(db_default=False, default=False),
                ),
                (
                    "coupon_code",
                    models.CharField(blank=True, default="", max_length=32),
                ),
                (
                    "shipping_name",
                    models.CharField(blank=True, db_default="", max_length=80),
                ),
                ("delivers_from", models.DateField(blank=True, null=True)),
                ("delivers_until", models.DateField(blank=True, null=True)),
                (
                    "attention",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="why a person should look at it; emptied by staff",
                        max_length=200,
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="separated by commas: vip, gift-wrap",
                        size=20,
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when it is cancelled unless it is paid",
                        null=True,
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("shipped_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when it was cancelled or returned",
                        null=True,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger_entries",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invoices",
                to="orders.order",
            ),
        ),
        migrations.CreateModel(
            name="GiftCardEntry",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("issue", "Issue"),
                            ("redeem", "Redeem"),
                            ("refund", "Refund"),
                            ("expire", "Expire"),
                            ("correct", "Correct"),
                        ],
                        max_length=7,
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True)),
                ("amount", models.DecimalField(decimal_places=3, max_digits=13)),
                ("actor", models.CharField(max_length=10)),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="orders.giftcard",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gift_card_entries",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "gift card entries",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="fulfilment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fulfilments",
                to="orders.order",
            ),
        ),
        migrations.CreateModel(
            name="OrderAttachment",
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
                ("name", models.CharField(max_length=120)),
                (
                    "content_type",
                    models.CharField(
                        choices=[
                            ("application/pdf", "application/pdf"),
                            ("image/jpeg", "image/jpeg"),
                            ("image/png", "image/png"),
                            ("image/webp", "image/webp"),
                        ],
                        max_length=40,
                    ),
                ),
                ("content", models.BinaryField(max_length=5000000)),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
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
                            ("status", "Status"),
                            ("payment", "Payment"),
                            ("refund", "Refund"),
                            ("note", "Note"),
                            ("mail", "Mail"),
                            ("parcel", "Parcel"),
                            ("edit", "Correction"),
                            ("return", "Return"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "from_status",
                    models.CharField(blank=True, default="", max_length=17),
                ),
                (
                    "to_status",
                    models.CharField(blank=True, default="", max_length=17),
                ),
                (
                    "actor",
                    models.CharField(
                        help_text="customer, staff, system or gateway",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=1000)),
                (
                    "is_public",
                    models.BooleanField(
                        default=True, help_text="whether the customer sees it"
                    ),
                ),
                (
                    "request_id",
                    models.CharField(blank=True, default="", max_length=64),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("sku", models.CharField(max_length=64)),
                ("size", models.CharField(blank=True, default="", max_length=20)),
                (
                    "color",
                    models.CharField(
                        blank=True, default="", max_length=40, verbose_name="colour"
                    ),
                ),
                (
                    "image",
                    models.CharField(blank=True, default="", max_length=2000),
                ),
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "cancelled",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="pieces that will not be sent"
                    ),
                ),
                (
                    "shipped",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="pieces that have left"
                    ),
                ),
                (
                    "returned",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="pieces that came back, or were lost on their way",
                    ),
                ),
                (
                    "unit_price",
                    models.DecimalField(decimal_places=2, max_digits=10),
                ),
                (
                    "line_total",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("unit_price"), "*", models.F("quantity")
                        ),
                        output_field=models.DecimalField(
                            decimal_places=2, max_digits=12
                        ),
                    ),
                ),
                (
                    "discount",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="its share of the order's",
                        max_digits=12,
                    ),
                ),
                (
                    "tax_class",
                    models.CharField(blank=True, default="", max_length=40),
                ),
                (
                    "tax_percent",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="all parts together",
                        max_digits=7,
                    ),
                ),
                ("tax", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "category",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="products.category",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.order",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.product",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "position"],
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("line", "Line"),
                            ("shipping", "Shipping"),
                            ("fees", "Fees"),
                        ],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "hs_code",
                    models.CharField(blank=True, default="", max_length=10),
                ),
                (
                    "unit",
                    models.CharField(
                        help_text="a UQC of the GST portal: PCS, PRS", max_length=8
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="all parts together",
                        max_digits=7,
                    ),
                ),
                ("charged", models.DecimalField(decimal_places=3, max_digits=14)),
                ("tax", models.DecimalField(decimal_places=3, max_digits=14)),
                ("taxes", models.JSONField(default=list)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="orders.invoice",
                    ),
                ),
                (
                    "original",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credited",
                        to="orders.invoiceline",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoiced",
                        to="orders.orderline",
                    ),
                ),
            ],
            options={
                "ordering": ["invoice", "position"],
            },
        ),
        migrations.AddField(
            model_name="giftcard",
            name="order_line",
            field=models.ForeignKey(
                blank=True,
                help_text="by which it was bought",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gift_cards",
                to="orders.orderline",
            ),
        ),
        migrations.CreateModel(
            name="FulfilmentLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "fulfilment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.fulfilment",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fulfilments",
                        to="orders.orderline",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="OrderTax",
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
                    "of",
                    models.CharField(
                        choices=[
                            ("line", "Line"),
                            ("shipping", "Shipping"),
                            ("fees", "Fees"),
                        ],
                        max_length=8,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=20)),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                ("taxable", models.DecimalField(decimal_places=3, max_digits=13)),
                ("amount", models.DecimalField(decimal_places=3, max_digits=13)),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="taxes",
                        to="orders.orderline",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="taxes",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "position"],
            },
        ),
        migrations.CreateModel(
            name="PastOrder",
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
                (
                    "number",
                    models.CharField(
                        help_text="as the other system wrote it", max_length=40
                    ),
                ),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("placed_at", models.DateTimeField()),
                ("status", models.CharField(blank=True, default="", max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("total", models.DecimalField(decimal_places=2, max_digits=12)),
                ("lines", models.JSONField(default=list)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="past_orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-placed_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Payment",
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
                ("provider", models.CharField(max_length=20)),
                (
                    "provider_ref",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="the provider's id of it",
                        max_length=120,
                    ),
                ),
                (
                    "charge_ref",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="the provider's id of the money",
                        max_length=120,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                ("currency", models.CharField(max_length=3)),
                (
                    "return_url",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="where the shopper comes back to",
                        max_length=500,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Waiting"),
                            ("succeeded", "Paid"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="created",
                        max_length=9,
                    ),
                ),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                ("succeeded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when the provider's page closes",
                        null=True,
                    ),
                ),
                (
                    "ask_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when the provider is asked next; empty: no more",
                        null=True,
                    ),
                ),
                (
                    "gift_card",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="orders.giftcard",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
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
                    "provider_ref",
                    models.CharField(
                        help_text="the provider's id of it", max_length=120
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                (
                    "withdrawn",
                    models.DecimalField(decimal_places=2, default=0, max_digits=12),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                        ],
                        max_length=4,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=100),
                ),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="orders.order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="orders.payment",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="PaymentEvent",
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
                ("provider", models.CharField(max_length=20)),
                ("event_id", models.CharField(max_length=120)),
                ("type", models.CharField(max_length=60)),
                (
                    "outcome",
                    models.CharField(blank=True, default="", max_length=40),
                ),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="orders.payment",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Payout",
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
                ("provider", models.CharField(max_length=20)),
                (
                    "provider_ref",
                    models.CharField(
                        help_text="the provider's id of it", max_length=120
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("fees", models.DecimalField(decimal_places=2, max_digits=12)),
                ("currency", models.CharField(max_length=3)),
                (
                    "failed",
                    models.BooleanField(
                        default=False, help_text="the bank refused it: it went back"
                    ),
                ),
                ("paid_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-paid_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "provider_ref"), name="payout_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "provider__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("provider__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("provider", ""), _negated=True),
                        ),
                        name="payout_provider_text",
                        violation_error_message="provider must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "provider_ref__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("provider_ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("provider_ref", ""), _negated=True),
                        ),
                        name="payout_provider_ref_text",
                        violation_error_message="provider_ref must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                        name="payout_currency_format",
                        violation_error_message="currency must be an ISO 4217 code.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
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
                    "name",
                    models.CharField(
                        help_text="as shoppers read it", max_length=120
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "needs_code",
                    models.BooleanField(
                        default=False, help_text="applies by a coupon's code only"
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=100, help_text="lower ones apply first"
                    ),
                ),
                (
                    "exclusive",
                    models.BooleanField(
                        default=False, help_text="never together with others"
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "min_spend",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        help_text="on what it is about, before any promotion",
                        max_digits=12,
                    ),
                ),
                ("min_pieces", models.PositiveSmallIntegerField(default=0)),
                ("first_order_only", models.BooleanField(default=False)),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="where the goods go (IN, US); empty: anywhere",
                        size=None,
                    ),
                ),
                (
                    "exclude_sale_items",
                    models.BooleanField(
                        default=False, help_text="leaves out what is on sale"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("percent", "percentage"),
                            ("amount", "amount"),
                            ("fixed_price", "fixed price of each piece"),
                            ("free_shipping", "free shipping"),
                            ("buy_x_get_y", "buy X, get Y of the cheapest"),
                            ("tiers", "tiers"),
                        ],
                        max_length=13,
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=7, null=True
                    ),
                ),
                (
                    "cap",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="the most that a percentage takes off",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="what is taken off, or the fixed price",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "buy",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="X", null=True
                    ),
                ),
                (
                    "get",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Y, of the cheapest: 3 for 2 is buy 2, get 1",
                        null=True,
                    ),
                ),
                (
                    "tier_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "(no tiers)"),
                            ("pieces", "pieces"),
                            ("spend", "amount spent"),
                        ],
                        default="",
                        max_length=6,
                    ),
                ),
                ("total_limit", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "per_customer_limit",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("used", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "categories",
                    models.ManyToManyField(
                        blank=True,
                        help_text="with all that is below them",
                        related_name="+",
                        to="products.category",
                    ),
                ),
                (
                    "collections",
                    models.ManyToManyField(
                        blank=True,
                        help_text="who is in one is read when the cart is priced",
                        related_name="+",
                        to="products.collection",
                    ),
                ),
                (
                    "customer_groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="empty: for everybody",
                        related_name="+",
                        to="accounts.customergroup",
                    ),
                ),
                (
                    "products",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="products.product"
                    ),
                ),
            ],
            options={
                "ordering": ["priority", "id"],
            },
        ),
        migrations.CreateModel(
            name="OrderDiscount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("code", models.CharField(blank=True, default="", max_length=32)),
                ("amount", models.DecimalField(decimal_places=3, max_digits=13)),
                (
                    "shipping_amount",
                    models.DecimalField(decimal_places=3, max_digits=13),
                ),
                ("shares", models.JSONField(default=dict)),
                ("counts", models.BooleanField(default=True)),
                ("email_hash", models.CharField(max_length=64)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discounts",
                        to="orders.order",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="discounts",
                        to="orders.promotion",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "position"],
            },
        ),
        migrations.CreateModel(
            name="Coupon",
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
                        help_text="upper-case letters, digits and hyphens",
                        max_length=32,
                        unique=True,
                    ),
                ),
                ("total_limit", models.PositiveIntegerField(blank=True, null=True)),
                ("used", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="coupons",
                        to="orders.promotion",
                    ),
                ),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="PromotionTier",
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
                ("threshold", models.DecimalField(decimal_places=3, max_digits=12)),
                (
                    "percent",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=7, null=True
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=12, null=True
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tiers",
                        to="orders.promotion",
                    ),
                ),
            ],
            options={
                "ordering": ["promotion", "threshold"],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
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
                ("provider", models.CharField(max_length=20)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("charges", models.PositiveIntegerField(default=0)),
                ("refunds", models.PositiveIntegerField(default=0)),
                ("disputes", models.PositiveIntegerField(default=0)),
                ("payouts", models.PositiveIntegerField(default=0)),
                (
                    "found",
                    models.PositiveIntegerField(default=0, help_text="differences"),
                ),
                ("error", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("since__lt", models.F("until"))),
                        name="reconciliation_period_is_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "provider__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("provider__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                            models.Q(("provider", ""), _negated=True),
                        ),
                        name="reconciliation_provider_text",
                        violation_error_message="provider must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "error__regex",
                                "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                            ),
                            ("error__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        ),
                        name="reconciliation_error_text",
                        violation_error_message="error must be trimmed text without control characters.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Difference",
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
                ("provider", models.CharField(max_length=20)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("charge", "Charge"),
                            ("refund", "Refund"),
                            ("dispute", "Dispute"),
                            ("payout", "Payout"),
                            ("balance", "Balance"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "ref",
                    models.CharField(
                        help_text="the provider's id, or ours", max_length=120
                    ),
                ),
                (
                    "ours",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=14, null=True
                    ),
                ),
                (
                    "theirs",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=14, null=True
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("cause", models.CharField(max_length=200)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "settled_how",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="orders.order",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="orders.reconciliation",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Refund",
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
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                ("reason", models.CharField(max_length=200)),
                (
                    "made_at_provider",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="in the provider's dashboard, not here",
                    ),
                ),
                (
                    "surplus",
                    models.BooleanField(
                        default=False,
                        help_text="gives back a payment that came on top",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "On its way"),
                            ("succeeded", "Paid back"),
                            ("failed", "Failed"),
                        ],
                        default="requested",
                        max_length=9,
                    ),
                ),
                (
                    "provider_ref",
                    models.CharField(blank=True, default="", max_length=120),
                ),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "exchange",
                    models.ForeignKey(
                        blank=True,
                        help_text="the order that it pays, instead of going back",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exchange_refunds",
                        to="orders.order",
                    ),
                ),
                (
                    "gift_card",
                    models.ForeignKey(
                        blank=True,
                        help_text="the card or the store credit that it goes to",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.giftcard",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.payment",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="RefusedOrder",
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
                    "limit",
                    models.CharField(
                        help_text="a name of settings.RATE_LIMITS", max_length=40
                    ),
                ),
                (
                    "sender",
                    models.CharField(
                        help_text="whom the limit counts: address, telephone, network",
                        max_length=254,
                    ),
                ),
                ("email", models.CharField(max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=16)),
                (
                    "recipient",
                    models.CharField(blank=True, default="", max_length=120),
                ),
                ("pieces", models.PositiveIntegerField()),
                ("tries", models.PositiveIntegerField(default=1)),
                ("last_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("allowed", "Allowed"),
                            ("used", "Used"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("allowed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "cart",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="orders.cart",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="refused_orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Return",
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
                ("reason", models.CharField(max_length=200)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "fulfilment",
                    models.OneToOneField(
                        blank=True,
                        help_text="the parcel that could not be delivered, where it is one",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settlement",
                        to="orders.fulfilment",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ReturnLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "restocked",
                    models.BooleanField(
                        default=True,
                        help_text="whether they went back on the shelf",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="orders.orderline",
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.return",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ReturnRequest",
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
                    "number",
                    models.CharField(
                        help_text="for people: MK-2026-000123-R1",
                        max_length=24,
                        unique=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for"),
                            ("approved", "Approved"),
                            ("received", "Received"),
                            ("completed", "Judged"),
                            ("rejected", "Refused"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="requested",
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("is_withdrawal", models.BooleanField(default=False)),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="to the customer",
                        max_length=1000,
                    ),
                ),
                (
                    "carrier",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "tracking_number",
                    models.CharField(blank=True, default="", max_length=80),
                ),
                (
                    "tracking_url",
                    models.CharField(blank=True, default="", max_length=500),
                ),
                (
                    "label_url",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="a carrier's own label",
                        max_length=500,
                    ),
                ),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "send_by",
                    models.DateTimeField(
                        blank=True,
                        help_text="when it is cancelled unless it has arrived",
                        null=True,
                    ),
                ),
                ("received_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="who of the staff decided last",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "exchange",
                    models.OneToOneField(
                        blank=True,
                        help_text="the order of the replacements",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exchange_of",
                        to="orders.order",
                    ),
                ),
                (
                    "goods",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="request",
                        to="orders.return",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="return_requests",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ReturnRequestLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "difference",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        help_text="what the replacements cost more than these pieces did; below 0: less",
                        max_digits=12,
                    ),
                ),
                ("sellable", models.PositiveSmallIntegerField(default=0)),
                ("damaged", models.PositiveSmallIntegerField(default=0)),
                ("refused", models.PositiveSmallIntegerField(default=0)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="return_requests",
                        to="orders.orderline",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.returnrequest",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        help_text="the replacement; empty: the money goes back",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
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
            name="ShippingMethod",
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
                    "name",
                    models.CharField(
                        help_text="as shoppers read it", max_length=80
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "price_by",
                    models.CharField(
                        choices=[
                            ("flat", "one price"),
                            ("weight", "by weight (steps in grams)"),
                            (
                                "subtotal",
                                "by what the goods cost (steps in shop currency)",
                            ),
                        ],
                        default="flat",
                        max_length=8,
                    ),
                ),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        help_text="below the first step, too",
                        max_digits=12,
                    ),
                ),
                (
                    "free_above",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="goods that cost more than this, after discounts, go for free",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "takes_free_shipping",
                    models.BooleanField(
                        default=True,
                        help_text="promotions of free shipping hold for it",
                    ),
                ),
                (
                    "default_weight_g",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="grams of a piece whose weight is not known",
                    ),
                ),
                (
                    "max_weight_g",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="grams; heavier orders cannot take it",
                        null=True,
                    ),
                ),
                (
                    "min_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="working days; empty: no dates are promised",
                        null=True,
                    ),
                ),
                (
                    "max_days",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                (
                    "cut_off",
                    models.TimeField(
                        blank=True,
                        help_text="in the shop's time; later orders count from the next working day",
                        null=True,
                    ),
                ),
                (
                    "weekdays",
                    models.CharField(
                        default="123456",
                        help_text="working days: 1 is Monday, 7 is Sunday",
                        max_length=7,
                    ),
                ),
                (
                    "cod_allowed",
                    models.BooleanField(
                        default=True, verbose_name="cash on delivery"
                    ),
                ),
                (
                    "cod_fee",
                    models.DecimalField(decimal_places=3, default=0, max_digits=12),
                ),
                (
                    "cod_max_total",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="orders of more than this are paid online",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "cod_max_open",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="open cash orders of one customer, address or telephone; empty: any",
                        null=True,
                    ),
                ),
                (
                    "customer_groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="who is offered it; empty: everybody",
                        related_name="+",
                        to="accounts.customergroup",
                    ),
                ),
            ],
            options={
                "ordering": ["zone", "position", "name"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="shipping_method",
            field=models.ForeignKey(
                blank=True,
                help_text="none: by the settings, or a method that is gone",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="orders.shippingmethod",
            ),
        ),
        migrations.CreateModel(
            name="ShippingStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("threshold", models.DecimalField(decimal_places=3, max_digits=12)),
                ("price", models.DecimalField(decimal_places=3, max_digits=12)),
                (
                    "method",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="orders.shippingmethod",
                    ),
                ),
            ],
            options={
                "ordering": ["method", "threshold"],
            },
        ),
        migrations.CreateModel(
            name="ShippingZone",
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
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="where two zones are equally near, the lower one counts",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="otherwise it is as if there were no such zone",
                    ),
                ),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="ISO 3166-1 (IN, AE), with commas between them; empty: everywhere",
                        size=None,
                    ),
                ),
                (
                    "states",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=6),
                        blank=True,
                        default=list,
                        help_text="ISO 3166-2 (IN-KA, IN-TN); empty: all of them",
                        size=None,
                    ),
                ),
                (
                    "postal_patterns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        default=list,
                        help_text="of one country: 400050, all that begin alike (4000*), or from one to another (400001...400104); empty: all, or those of the uploaded list",
                        size=500,
                    ),
                ),
            ],
            options={
                "ordering": ["position", "name"],
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
                        name="shipping_zone_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("position__gte", 0), ("position__lte", 32767)
                        ),
                        name="shipping_zone_position_range",
                        violation_error_message="position must be from 0 to 32767.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Regex(
                            models.Func(
                                models.F("countries"),
                                models.Value("\n"),
                                function="array_to_string",
                                output_field=models.TextField(),
                            ),
                            "\\A([A-Z]{2}(\\n[A-Z]{2})*)?\\Z",
                        ),
                        name="shipping_zone_countries_format",
                        violation_error_message="A country is an ISO 3166-1 code, such as IN.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Regex(
                            models.Func(
                                models.F("states"),
                                models.Value("\n"),
                                function="array_to_string",
                                output_field=models.TextField(),
                            ),
                            "\\A([A-Z]{2}-[A-Z0-9]{1,3}(\\n[A-Z]{2}-[A-Z0-9]{1,3})*)?\\Z",
                        ),
                        name="shipping_zone_states_format",
                        violation_error_message="A state is an ISO 3166-2 code, such as IN-KA.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Regex(
                            models.Func(
                                models.F("postal_patterns"),
                                models.Value("\n"),
                                function="array_to_string",
                                output_field=models.TextField(),
                            ),
                            "\\A([A-Z0-9][A-Z0-9 -]{0,11}(\\*|\\.\\.\\.[A-Z0-9][A-Z0-9 -]{0,11})?(\\n[A-Z0-9][A-Z0-9 -]{0,11}(\\*|\\.\\.\\.[A-Z0-9][A-Z0-9 -]{0,11})?)*)?\\Z",
                        ),
                        name="shipping_zone_postal_patterns_format",
                        violation_error_message="A pattern is 400050, 4000* or 400001...400104.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("states", []),
                            models.Q(("countries", []), _negated=True),
                            _connector="OR",
                        ),
                        name="shipping_zone_states_have_country",
                        violation_error_message="Name the country that the states are in.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("postal_patterns", []),
                            ("countries__len", 1),
                            _connector="OR",
                        ),
                        name="shipping_zone_patterns_of_one_country",
                        violation_error_message="Postal codes are those of one country: name it, and no other.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShippingPostcode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=12)),
                (
                    "zone",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="postcodes",
                        to="orders.shippingzone",
                    ),
                ),
            ],
            options={
                "ordering": ["zone", "code"],
            },
        ),
        migrations.AddField(
            model_name="shippingmethod",
            name="zone",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="methods",
                to="orders.shippingzone",
            ),
        ),
        migrations.CreateModel(
            name="TaxRate",
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
                    "valid_from",
                    models.DateField(
                        blank=True,
                        help_text="the first day; empty: from ever",
                        null=True,
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="the last day; empty: for good",
                        null=True,
                    ),
                ),
                (
                    "up_to",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="the highest taxable value of one piece, in shop currency; empty: any",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "tax_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rates",
                        to="products.taxclass",
                    ),
                ),
            ],
            options={
                "ordering": ["zone", "tax_class", "valid_from", "up_to"],
            },
        ),
        migrations.CreateModel(
            name="TaxPart",
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
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "name",
                    models.CharField(help_text="CGST, IGST, VAT", max_length=20),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "rate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="orders.taxrate",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="TaxSettings",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "scheme",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "where the goods go"),
                            ("in", "India (GST)"),
                            ("eu", "European Union (VAT)"),
                        ],
                        default="",
                        max_length=2,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        help_text="where the shop is registered: IN", max_length=2
                    ),
                ),
                (
                    "state_code",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="ISO 3166-2: IN-KA",
                        max_length=6,
                    ),
                ),
                (
                    "one_stop_shop",
                    models.BooleanField(
                        default=False,
                        help_text="EU: tax at the rates of where the goods go (OSS)",
                    ),
                ),
                (
                    "exports_zero_rated",
                    models.BooleanField(
                        default=True,
                        help_text="India: the shop exports under a letter of undertaking (LUT)",
                    ),
                ),
                (
                    "shipping_levy",
                    models.CharField(
                        choices=[
                            ("none", "not taxed"),
                            ("class", "as a class of goods"),
                            ("goods", "as the goods, in proportion"),
                            ("highest", "as the goods, at their highest rate"),
                        ],
                        default="none",
                        max_length=7,
                    ),
                ),
                (
                    "fees_levy",
                    models.CharField(
                        choices=[
                            ("none", "not taxed"),
                            ("class", "as a class of goods"),
                            ("goods", "as the goods, in proportion"),
                            ("highest", "as the goods, at their highest rate"),
                        ],
                        default="none",
                        max_length=7,
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "exempt_groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="customers who are charged no tax, such as missions with a certificate",
                        related_name="+",
                        to="accounts.customergroup",
                    ),
                ),
                (
                    "fees_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.taxclass",
                    ),
                ),
                (
                    "shipping_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="products.taxclass",
                    ),
                ),
            ],
            options={
                "verbose_name": "tax settings",
                "verbose_name_plural": "tax settings",
            },
        ),
        migrations.CreateModel(
            name="TaxZone",
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
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "country",
                    models.CharField(help_text="ISO 3166-1: IN", max_length=2),
                ),
                (
                    "states",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=6),
                        blank=True,
                        default=list,
                        help_text="ISO 3166-2 codes (IN-KA, IN-TN); empty: the whole country",
                        size=None,
                    ),
                ),
            ],
            options={
                "ordering": ["country", "name"],
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
                        name="tax_zone_name_text",
                        violation_error_message="name must be trimmed text without control characters, and not be empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("country__regex", "\\A[A-Z]{2}\\Z")),
                        name="tax_zone_country_format",
                        violation_error_message="country must be an ISO 3166-1 alpha-2 code.",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="taxrate",
            name="zone",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rates",
                to="orders.taxzone",
            ),
        ),
        migrations.AddIndex(
            model_name="cart",
            index=models.Index(
                condition=models.Q(("user", None)),
                fields=["updated_at"],
                name="cart_of_guest_by_age",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="cart",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("token_hash", None), ("user__isnull", False)),
                        models.Q(("token_hash__isnull", False), ("user", None)),
                        _connector="OR",
                    ),
                    name="cart_of_user_or_guest",
                    violation_error_message="A cart belongs either to a customer or to a guest's token.",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="cartline",
            constraints=[
                models.UniqueConstraint(
                    fields=("cart", "variant"), name="cart_line_once_per_variant"
                ),
                models.CheckConstraint(
                    condition=models.Q(("quantity__gte", 1), ("quantity__lte", 20)),
                    name="cart_line_quantity_range",
                    violation_error_message="quantity must be from 1 to 20.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("price_at_add__gte", 0)),
                    name="cart_line_price_at_add_not_negative",
                    violation_error_message="price_at_add must not be negative.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="confirmedtaxid",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("tax_id__regex", "\\A[A-Z0-9]{8,20}\\Z")),
                    name="confirmed_tax_id_tax_id_format",
                    violation_error_message="The number has upper-case letters and digits only.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("note", ""), _negated=True),
                    ),
                    name="confirmed_tax_id_note_text",
                    violation_error_message="note must be trimmed text without control characters, and not be empty.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="customerrecord",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["tags"], name="customer_record_by_tag"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="customerrecord",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="customer_record_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="draftorder",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "recipient__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("recipient__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_recipient_text",
                    violation_error_message="recipient must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "street__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("street__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_street_text",
                    violation_error_message="street must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "city__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("city__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_city_text",
                    violation_error_message="city must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "state__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("state__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_state_text",
                    violation_error_message="state must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "postal_code__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("postal_code__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_postal_code_text",
                    violation_error_message="postal_code must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("phone__regex", "\\A(\\+[1-9][0-9]{6,14})?\\Z")
                    ),
                    name="draft_order_phone_format",
                    violation_error_message="phone must be in E.164 form.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("country__regex", "\\A[A-Z]{2}\\Z")),
                    name="draft_order_country_format",
                    violation_error_message="country must be an ISO 3166-1 alpha-2 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state_code", ""),
                        models.Q(
                            ("state_code__regex", "\\A[A-Z]{2}-[A-Z0-9]{1,3}\\Z"),
                            ("state_code__startswith", models.F("country")),
                        ),
                        _connector="OR",
                    ),
                    name="draft_order_state_code_of_country",
                    violation_error_message="stateCode is an ISO 3166-2 code of the country: IN-KA.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("country", "IN"), _negated=True),
                        ("postal_code__regex", "\\A[1-9][0-9]{5}\\Z"),
                        ("postal_code", ""),
                        _connector="OR",
                    ),
                    name="draft_order_postal_code_india",
                    violation_error_message="An Indian postal code has six digits.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("payment_method__in", ["cod", "online"])),
                    name="draft_order_payment_method_known",
                    violation_error_message="payment_method must be one of: cod, online.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("discount__gte", 0)),
                    name="draft_order_discount_not_negative",
                    violation_error_message="discount must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "discount_reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("discount_reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_discount_reason_text",
                    violation_error_message="discount_reason must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="draft_order_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("discount", 0),
                        models.Q(("discount_reason", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="draft_order_discount_has_reason",
                    violation_error_message="Say why there is a discount.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="invoicefile",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("sha256__regex", "\\A[0-9a-f]{64}\\Z")),
                    name="invoice_file_sha256_format",
                    violation_error_message="sha256 is 64 hexadecimal digits.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM orders_invoice",
                        "        WHERE id = OLD.invoice_id AND anonymised_at IS NOT NULL) THEN",
                        "        RETURN OLD;  -- its time is over, and the person is erased",
                        "    END IF;",
                        "    RAISE EXCEPTION 'the file of an invoice only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_invoicefile_stays",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="ledgerline",
            index=models.Index(
                fields=["account", "entry"], name="ledger_line_of_account"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="ledgerline",
            constraints=[
                models.UniqueConstraint(
                    fields=("entry", "account", "currency"),
                    name="ledger_line_once_per_account",
                ),
                models.CheckConstraint(
                    condition=models.Q(("amount", 0), _negated=True),
                    name="ledger_line_amount_not_zero",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "account__regex",
                            "\\A(receivable|provider|cash|bank|disputed|gift_cards|exchanges|revenue|shipping|fees|tax|provider_fees|losses|goodwill|breakage)(:[A-Za-z0-9_ .-]{1,40})?\\Z",
                        )
                    ),
                    name="ledger_line_account_format",
                    violation_error_message="account must be one of receivable, provider, cash, bank, disputed, gift_cards, exchanges, revenue, shipping, fees, tax, provider_fees, losses, goodwill, breakage, with a name after a colon or not.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="ledger_line_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    off record;",
                        "BEGIN",
                        "    SELECT currency, sum(amount) AS amount INTO off FROM orders_ledgerline",
                        "        WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0 LIMIT 1;",
                        "    IF FOUND THEN",
                        "        RAISE EXCEPTION 'ledger entry % is off by % %', NEW.entry_id, off.amount, off.currency",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_adds_up',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_ledgerline_adds_up",
                    transition="",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    RAISE EXCEPTION 'the ledger only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_ledgerline_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="monthclosing",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("month__day", 1)),
                    name="month_closing_first_day",
                    violation_error_message="A month is written as its first day.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    RAISE EXCEPTION 'a closed month only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'month_closing_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_monthclosing_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["-at", "-id"], name="ledger_entry_newest"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="ledgerentry",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "sale",
                                "credit",
                                "payment",
                                "refund",
                                "dispute",
                                "payout",
                                "gift_card",
                                "correction",
                            ],
                        )
                    ),
                    name="ledger_entry_kind_known",
                    violation_error_message="kind must be one of: sale, credit, payment, refund, dispute, payout, gift_card, correction.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "key__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("key__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("key", ""), _negated=True),
                    ),
                    name="ledger_entry_key_text",
                    violation_error_message="key must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="ledger_entry_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NOT EXISTS (SELECT FROM orders_ledgerline WHERE entry_id = NEW.id) THEN",
                        "        RAISE EXCEPTION 'ledger entry % has no lines', NEW.key",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_has_lines',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_ledgerentry_has_lines",
                    transition="",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    RAISE EXCEPTION 'the ledger only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_ledgerentry_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["-issued_at", "-id"], name="invoice_newest"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                fields=["issued_on", "kind"], name="invoice_of_a_day"
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="invoice",
            constraints=[
                models.UniqueConstraint(
                    fields=("series", "serial"),
                    name="invoice_serial_once_per_series",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "invoice",
                                "credit_note",
                                "receipt_voucher",
                                "refund_voucher",
                            ],
                        )
                    ),
                    name="invoice_kind_known",
                    violation_error_message="kind must be one of: invoice, credit_note, receipt_voucher, refund_voucher.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "zero_rated__in",
                            ["", "export", "intra_community", "exempt_customer"],
                        )
                    ),
                    name="invoice_zero_rated_known",
                    violation_error_message="zero_rated must be one of: (empty), export, intra_community, exempt_customer.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "series__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("series__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("series", ""), _negated=True),
                    ),
                    name="invoice_series_text",
                    violation_error_message="series must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "cause__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("cause__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("cause", ""), _negated=True),
                    ),
                    name="invoice_cause_text",
                    violation_error_message="cause must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="invoice_reason_text",
                    violation_error_message="reason must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="invoice_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tax__gte", 0)),
                    name="invoice_tax_not_negative",
                    violation_error_message="tax must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("total__gte", 0)),
                    name="invoice_total_not_negative",
                    violation_error_message="total must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "total",
                            django.db.models.expressions.CombinedExpression(
                                models.F("taxable"), "+", models.F("tax")
                            ),
                        )
                    ),
                    name="invoice_total_adds_up",
                    violation_error_message="The total is the taxable value and the tax.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("number", None), ("serial", None)),
                        models.Q(
                            ("number__isnull", False),
                            ("serial__gte", 1),
                            ("serial__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="invoice_number_with_serial",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("kind__in", ["credit_note", "refund_voucher"]),
                            ("original__isnull", False),
                        ),
                        models.Q(
                            ("kind__in", ["invoice", "receipt_voucher"]),
                            ("original", None),
                        ),
                        _connector="OR",
                    ),
                    name="invoice_notes_name_their_original",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF EXISTS (SELECT FROM orders_invoice WHERE id = NEW.id AND number IS NULL) THEN",
                        "        RAISE EXCEPTION 'invoice % has no number', NEW.cause",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_has_number',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_invoice_has_number",
                    transition="",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    lines record;",
                        "BEGIN",
                        "    SELECT count(*) AS n, sum(charged) AS charged, sum(tax) AS tax INTO lines",
                        "        FROM orders_invoiceline WHERE invoice_id = NEW.id;",
                        "    IF lines.n = 0 OR lines.charged <> NEW.total OR lines.tax <> NEW.tax THEN",
                        "        RAISE EXCEPTION 'invoice % does not equal its lines', NEW.cause",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_equals_its_lines',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_invoice_equals_lines",
                    transition="",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'UPDATE' AND (",
                        "        OLD.number IS NULL AND to_jsonb(NEW) - '{number,serial}'::text[]",
                        "            = to_jsonb(OLD) - '{number,serial}'::text[]",
                        "        OR OLD.anonymised_at IS NULL AND NEW.anonymised_at IS NOT NULL",
                        "            AND to_jsonb(NEW) - '{data,anonymised_at,buyer_tax_id}'::text[]",
                        "            = to_jsonb(OLD) - '{data,anonymised_at,buyer_tax_id}'::text[]) THEN",
                        "        RETURN NEW;  -- it gets its number, or its time is over and the person is erased",
                        "    END IF;",
                        "    RAISE EXCEPTION 'an invoice only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_invoice_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="giftcardentry",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            ["issue", "redeem", "refund", "expire", "correct"],
                        )
                    ),
                    name="gift_card_entry_kind_known",
                    violation_error_message="kind must be one of: issue, redeem, refund, expire, correct.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "key__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("key__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("key", ""), _negated=True),
                    ),
                    name="gift_card_entry_key_text",
                    violation_error_message="key must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "actor__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("actor__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("actor", ""), _negated=True),
                    ),
                    name="gift_card_entry_actor_text",
                    violation_error_message="actor must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="gift_card_entry_reason_text",
                    violation_error_message="reason must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("amount__gt", 0), ("kind__in", ["issue", "refund"])
                        ),
                        models.Q(
                            ("amount__lt", 0), ("kind__in", ["redeem", "expire"])
                        ),
                        models.Q(
                            ("kind", "correct"),
                            models.Q(("amount", 0), _negated=True),
                        ),
                        _connector="OR",
                    ),
                    name="gift_card_entry_sign_fits_kind",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("order__isnull", False),
                        ("kind__in", ["issue", "expire", "correct"]),
                        _connector="OR",
                    ),
                    name="gift_card_entry_names_its_order",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    card orders_giftcard;",
                        "    moved numeric;",
                        "BEGIN",
                        "    SELECT * INTO card FROM orders_giftcard WHERE id = NEW.card_id;",
                        "    SELECT coalesce(sum(amount), 0) INTO moved FROM orders_giftcardentry",
                        "        WHERE card_id = card.id;",
                        "    IF moved <> card.balance THEN",
                        "        RAISE EXCEPTION 'gift card % has %, its entries add up to %', card.id, card.balance, moved",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'gift_card_equals_its_entries',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_giftcardentry_equals_card",
                    transition="",
                    when="AFTER INSERT",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL",
                        "       AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN",
                        "        RETURN NEW;  -- the account of whoever did it has gone",
                        "    END IF;",
                        "    RAISE EXCEPTION 'the ledger of gift cards only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'gift_card_entries_only_grow', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_giftcardentry_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="fulfilment",
            index=models.Index(
                condition=models.Q(("tracking_number", ""), _negated=True),
                fields=["tracking_number"],
                name="fulfilment_by_tracking",
            ),
        ),
        migrations.AddIndex(
            model_name="fulfilment",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["packed", "shipped", "undelivered"])
                ),
                fields=["status", "updated_at"],
                name="fulfilment_open",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="fulfilment",
            constraints=[
                models.UniqueConstraint(
                    fields=("order", "position"), name="fulfilment_one_per_position"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "status__in",
                            [
                                "packed",
                                "shipped",
                                "delivered",
                                "undelivered",
                                "returned",
                                "lost",
                                "cancelled",
                            ],
                        )
                    ),
                    name="fulfilment_status_known",
                    violation_error_message="status must be one of: packed, shipped, delivered, undelivered, returned, lost, cancelled.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "carrier__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("carrier__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="fulfilment_carrier_text",
                    violation_error_message="carrier must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "tracking_number__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("tracking_number__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="fulfilment_tracking_number_text",
                    violation_error_message="tracking_number must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "tracking_url__regex",
                            "\\A(https://[^\\s\\u0001-\\u001F\\u007F]+)?\\Z",
                        )
                    ),
                    name="fulfilment_tracking_url_format",
                    violation_error_message="trackingUrl must begin with https://.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("attempts", 0),
                            ("shipped_at", None),
                            ("status__in", ["packed", "cancelled"]),
                        ),
                        models.Q(
                            ("attempts__gte", 1),
                            ("shipped_at__isnull", False),
                            models.Q(
                                ("status__in", ["packed", "cancelled"]),
                                _negated=True,
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="fulfilment_shipped_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("delivered_at", None),
                            models.Q(("status", "delivered"), _negated=True),
                        ),
                        models.Q(
                            ("delivered_at__isnull", False), ("status", "delivered")
                        ),
                        _connector="OR",
                    ),
                    name="fulfilment_delivered_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("status", "undelivered"), _negated=True),
                        models.Q(("undelivered_reason", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="fulfilment_undelivered_has_reason",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (",
                        "        ('packed', 'cancelled'),",
                        "        ('packed', 'shipped'),",
                        "        ('shipped', 'delivered'),",
                        "        ('shipped', 'lost'),",
                        "        ('shipped', 'undelivered'),",
                        "        ('undelivered', 'delivered'),",
                        "        ('undelivered', 'lost'),",
                        "        ('undelivered', 'returned'),",
                        "        ('undelivered', 'shipped')",
                        "    ) THEN",
                        "        RAISE EXCEPTION 'a parcel cannot go from % to %', OLD.status, NEW.status",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'fulfilment_status_transition', TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_fulfilment_transition",
                    transition="",
                    when="BEFORE UPDATE OF status",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="orderattachment",
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
                    name="order_attachment_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "content_type__in",
                            [
                                "application/pdf",
                                "image/jpeg",
                                "image/png",
                                "image/webp",
                            ],
                        )
                    ),
                    name="order_attachment_type",
                    violation_error_message="A file is a PDF, JPEG, PNG or WebP.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("size__gte", 1), ("size__lte", 5000000)),
                    name="order_attachment_size_range",
                    violation_error_message="size must be from 1 to 5000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("sha256__regex", "\\A[0-9a-f]{64}\\Z")),
                    name="order_attachment_sha256_format",
                    violation_error_message="sha256 is 64 hex digits.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="orderevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id"],
                name="order_event_of_request",
            ),
        ),
        migrations.AddIndex(
            model_name="orderevent",
            index=models.Index(
                condition=models.Q(("actor", "staff")),
                fields=["-at", "-id"],
                name="order_event_of_staff",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="orderevent",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "status",
                                "payment",
                                "refund",
                                "note",
                                "mail",
                                "parcel",
                                "edit",
                                "return",
                            ],
                        )
                    ),
                    name="order_event_kind_known",
                    violation_error_message="kind must be one of: status, payment, refund, note, mail, parcel, edit, return.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "actor__in",
                            ["customer", "guest", "staff", "system", "gateway"],
                        )
                    ),
                    name="order_event_actor_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("kind__in", ["status", "payment"]), _negated=True
                        ),
                        models.Q(("to_status", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="order_event_status_has_target",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_event_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL",
                        "       AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN",
                        "        RETURN NEW;  -- the account of whoever did it has gone",
                        "    END IF;",
                        "    RAISE EXCEPTION 'the history of an order only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'order_event_append_only', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_orderevent_append_only",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(fields=["product"], name="order_line_of_product"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="orderline",
            constraints=[
                models.UniqueConstraint(
                    fields=("order", "variant"), name="order_line_once_per_variant"
                ),
                models.UniqueConstraint(
                    fields=("order", "position"), name="order_line_one_per_position"
                ),
                models.CheckConstraint(
                    condition=models.Q(("quantity__gte", 1), ("quantity__lte", 20)),
                    name="order_line_quantity_range",
                    violation_error_message="quantity must be from 1 to 20.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("returned__gte", 0), ("returned__lte", models.F("shipped"))
                    ),
                    name="order_line_returned_within_shipped",
                    violation_error_message="No more pieces can come back than were sent.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("cancelled__gte", 0),
                        ("shipped__gte", 0),
                        (
                            "shipped__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("quantity"), "-", models.F("cancelled")
                            ),
                        ),
                    ),
                    name="order_line_shipped_within_quantity",
                    violation_error_message="No more pieces can be sent than are wanted.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("unit_price__gte", 0)),
                    name="order_line_unit_price_not_negative",
                    violation_error_message="unit_price must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("discount__gte", 0)),
                    name="order_line_discount_not_negative",
                    violation_error_message="discount must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tax__gte", 0)),
                    name="order_line_tax_not_negative",
                    violation_error_message="tax must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "discount__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("unit_price"), "*", models.F("quantity")
                            ),
                        )
                    ),
                    name="order_line_discount_within_line",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("tax_percent__gte", 0), ("tax_percent__lte", 100)
                    ),
                    name="order_line_tax_percent_range",
                    violation_error_message="tax_percent must be from 0 to 100.",
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
                    name="order_line_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "sku__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("sku__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("sku", ""), _negated=True),
                    ),
                    name="order_line_sku_text",
                    violation_error_message="sku must be trimmed text without control characters, and not be empty.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    lines record;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = coalesce(NEW.order_id, OLD.order_id);",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT count(*) AS n, sum(line_total) AS subtotal, sum(discount) AS discount",
                        "        INTO lines FROM orders_orderline WHERE order_id = purchase.id;",
                        "    IF lines.n = 0 OR lines.subtotal <> purchase.subtotal",
                        "       OR lines.discount <> purchase.discount THEN",
                        "        RAISE EXCEPTION 'order % does not equal its lines', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_lines',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_orderline_equals_order",
                    transition="",
                    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, unit_price, quantity, discount",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="invoiceline",
            constraints=[
                models.UniqueConstraint(
                    fields=("invoice", "position"),
                    name="invoice_line_one_per_position",
                ),
                models.CheckConstraint(
                    condition=models.Q(("of__in", ["line", "shipping", "fees"])),
                    name="invoice_line_of_known",
                    violation_error_message="of must be one of: line, shipping, fees.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("line__isnull", False), ("of", "line")),
                        models.Q(("line", None), ("of__in", ["shipping", "fees"])),
                        _connector="OR",
                    ),
                    name="invoice_line_of_a_line_or_not",
                ),
                models.CheckConstraint(
                    condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                    name="invoice_line_percent_range",
                    violation_error_message="percent must be from 0 to 100.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("charged__gte", 0)),
                    name="invoice_line_charged_not_negative",
                    violation_error_message="charged must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tax__gte", 0)),
                    name="invoice_line_tax_not_negative",
                    violation_error_message="tax must not be negative.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    RAISE EXCEPTION 'an invoice only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_only_grows', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_invoiceline_only_grows",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0), ("expires_at__isnull", False)
                ),
                fields=["expires_at"],
                name="gift_card_to_expire",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="giftcard",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["card", "store_credit"])),
                    name="gift_card_kind_known",
                    violation_error_message="kind must be one of: card, store_credit.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("balance__gte", 0)),
                    name="gift_card_balance_not_negative",
                    violation_error_message="balance must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="gift_card_currency_format",
                    violation_error_message="currency is an ISO 4217 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("last4__regex", "\\A[A-Z0-9]{0,4}\\Z")),
                    name="gift_card_last4_format",
                    violation_error_message="last4 takes letters and digits.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "email__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("email__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="gift_card_email_text",
                    violation_error_message="email must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "language__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("language__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="gift_card_language_text",
                    violation_error_message="language must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "code_encrypted__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("code_encrypted__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="gift_card_code_encrypted_text",
                    violation_error_message="code_encrypted must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("code_hash__isnull", False),
                            ("kind", "card"),
                            ("user", None),
                            models.Q(("code_encrypted", ""), _negated=True),
                        ),
                        models.Q(
                            ("code_encrypted", ""),
                            ("code_hash", None),
                            ("kind", "store_credit"),
                        ),
                        _connector="OR",
                    ),
                    name="gift_card_code_fits_kind",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("kind", "store_credit")),
                    fields=("user", "currency"),
                    name="gift_card_one_credit_per_customer",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    card orders_giftcard;",
                        "    moved numeric;",
                        "BEGIN",
                        "    SELECT * INTO card FROM orders_giftcard WHERE id = NEW.id;",
                        "    SELECT coalesce(sum(amount), 0) INTO moved FROM orders_giftcardentry",
                        "        WHERE card_id = card.id;",
                        "    IF moved <> card.balance THEN",
                        "        RAISE EXCEPTION 'gift card % has %, its entries add up to %', card.id, card.balance, moved",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'gift_card_equals_its_entries',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_giftcard_equals_entries",
                    transition="",
                    when="AFTER INSERT OR UPDATE OF balance",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="fulfilmentline",
            constraints=[
                models.UniqueConstraint(
                    fields=("fulfilment", "line"),
                    name="fulfilment_line_once_per_parcel",
                ),
                models.CheckConstraint(
                    condition=models.Q(("quantity__gte", 1), ("quantity__lte", 20)),
                    name="fulfilment_line_quantity_range",
                    violation_error_message="quantity must be from 1 to 20.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="ordertax",
            constraints=[
                models.UniqueConstraint(
                    fields=("order", "position"), name="order_tax_one_per_position"
                ),
                models.CheckConstraint(
                    condition=models.Q(("of__in", ["line", "shipping", "fees"])),
                    name="order_tax_of_known",
                    violation_error_message="of must be one of: line, shipping, fees.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("line__isnull", False), ("of", "line")),
                        models.Q(("line", None), ("of__in", ["shipping", "fees"])),
                        _connector="OR",
                    ),
                    name="order_tax_of_a_line_or_not",
                ),
                models.CheckConstraint(
                    condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                    name="order_tax_percent_range",
                    violation_error_message="percent must be from 0 to 100.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("taxable__gte", 0)),
                    name="order_tax_taxable_not_negative",
                    violation_error_message="taxable must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("amount__gte", 0)),
                    name="order_tax_amount_not_negative",
                    violation_error_message="amount must not be negative.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    parts numeric;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = coalesce(NEW.order_id, OLD.order_id);",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT coalesce(sum(amount), 0) INTO parts FROM orders_ordertax",
                        "        WHERE order_id = purchase.id;",
                        "    IF parts <> purchase.tax THEN",
                        "        RAISE EXCEPTION 'order % does not equal its taxes', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_taxes',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_ordertax_equals_order",
                    transition="",
                    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, amount",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="pastorder",
            index=models.Index(
                fields=["user", "-placed_at"], name="past_order_of_user"
            ),
        ),
        migrations.AddIndex(
            model_name="pastorder",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True),
                fields=["email"],
                name="past_order_by_email",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="pastorder",
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
                    name="past_order_source_text",
                    violation_error_message="source must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "number__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("number__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("number", ""), _negated=True),
                    ),
                    name="past_order_number_text",
                    violation_error_message="number must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "email__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("email__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="past_order_email_text",
                    violation_error_message="email must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "status__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("status__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="past_order_status_text",
                    violation_error_message="status must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="past_order_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("total__gte", 0)),
                    name="past_order_total_not_negative",
                    violation_error_message="total must not be negative.",
                ),
                models.UniqueConstraint(
                    fields=("source", "number"), name="past_order_once"
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("ask_at__isnull", False)),
                fields=["ask_at"],
                name="payment_to_ask",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="payment",
            constraints=[
                models.UniqueConstraint(
                    condition=models.Q(("provider_ref", ""), _negated=True),
                    fields=("provider", "provider_ref"),
                    name="payment_provider_ref_once",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("charge_ref", ""), _negated=True),
                    fields=("provider", "charge_ref"),
                    name="payment_charge_ref_once",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("state", "created")),
                    fields=("order",),
                    name="payment_one_open_per_order",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "state__in",
                            ["created", "succeeded", "failed", "cancelled"],
                        )
                    ),
                    name="payment_state_known",
                    violation_error_message="state must be one of: created, succeeded, failed, cancelled.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("amount__gt", 0)),
                    name="payment_amount_positive",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("state", "succeeded"), ("succeeded_at__isnull", False)
                        ),
                        models.Q(
                            models.Q(("state", "succeeded"), _negated=True),
                            ("succeeded_at", None),
                        ),
                        _connector="OR",
                    ),
                    name="payment_succeeded_at_fits_state",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("gift_card__isnull", False), ("provider", "gift_card")
                        ),
                        models.Q(
                            models.Q(("provider", "gift_card"), _negated=True),
                            ("gift_card", None),
                        ),
                        _connector="OR",
                    ),
                    name="payment_gift_card_fits_provider",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("provider", ""), _negated=True),
                    ),
                    name="payment_provider_text",
                    violation_error_message="provider must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider_ref__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider_ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="payment_provider_ref_text",
                    violation_error_message="provider_ref must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "charge_ref__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("charge_ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="payment_charge_ref_text",
                    violation_error_message="charge_ref must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "return_url__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("return_url__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="payment_return_url_text",
                    violation_error_message="return_url must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "error__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("error__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="payment_error_text",
                    violation_error_message="error must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="payment_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="dispute",
            constraints=[
                models.UniqueConstraint(
                    fields=("payment", "provider_ref"), name="dispute_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(("status__in", ["open", "won", "lost"])),
                    name="dispute_status_known",
                    violation_error_message="status must be one of: open, won, lost.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("withdrawn__gte", 0)),
                    name="dispute_withdrawn_not_negative",
                    violation_error_message="withdrawn must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("amount__gt", 0)),
                    name="dispute_amount_positive",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("closed_at", None), ("status", "open")),
                        models.Q(
                            models.Q(("status", "open"), _negated=True),
                            ("closed_at__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="dispute_closed_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider_ref__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider_ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("provider_ref", ""), _negated=True),
                    ),
                    name="dispute_provider_ref_text",
                    violation_error_message="provider_ref must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="dispute_reason_text",
                    violation_error_message="reason must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="dispute_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="paymentevent",
            constraints=[
                models.UniqueConstraint(
                    fields=("provider", "event_id"), name="payment_event_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("provider", ""), _negated=True),
                    ),
                    name="payment_event_provider_text",
                    violation_error_message="provider must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "event_id__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("event_id__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("event_id", ""), _negated=True),
                    ),
                    name="payment_event_event_id_text",
                    violation_error_message="event_id must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "type__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("type__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("type", ""), _negated=True),
                    ),
                    name="payment_event_type_text",
                    violation_error_message="type must be trimmed text without control characters, and not be empty.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="promotion",
            index=models.Index(
                condition=models.Q(("is_active", True), ("needs_code", False)),
                fields=["priority", "id"],
                name="promotion_by_itself",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="promotion",
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
                    name="promotion_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            [
                                "percent",
                                "amount",
                                "fixed_price",
                                "free_shipping",
                                "buy_x_get_y",
                                "tiers",
                            ],
                        )
                    ),
                    name="promotion_kind_known",
                    violation_error_message="kind must be one of: percent, amount, fixed_price, free_shipping, buy_x_get_y, tiers.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tier_by__in", ["", "pieces", "spend"])),
                    name="promotion_tier_by_known",
                    violation_error_message="tier_by must be one of: (empty), pieces, spend.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("min_spend__gte", 0)),
                    name="promotion_min_spend_not_negative",
                    violation_error_message="min_spend must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("cap__gte", 0)),
                    name="promotion_cap_not_negative",
                    violation_error_message="cap must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                    name="promotion_percent_range",
                    violation_error_message="percent must be from 0 to 100.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("kind", "percent"),
                            ("percent__gt", 0),
                            ("percent__isnull", False),
                        ),
                        models.Q(
                            ("amount__gt", 0),
                            ("amount__isnull", False),
                            ("kind__in", ["amount", "fixed_price"]),
                        ),
                        models.Q(
                            ("buy__gte", 1),
                            ("buy__isnull", False),
                            ("get__gte", 1),
                            ("get__isnull", False),
                            ("kind", "buy_x_get_y"),
                            ("percent__gt", 0),
                            ("percent__isnull", False),
                        ),
                        models.Q(
                            ("kind", "tiers"), ("tier_by__in", ["pieces", "spend"])
                        ),
                        ("kind", "free_shipping"),
                        _connector="OR",
                    ),
                    name="promotion_effect_whole",
                    violation_error_message="The effect lacks its percentage, amount, X and Y, or basis of tiers.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("starts_at", None),
                        ("ends_at", None),
                        ("ends_at__gt", models.F("starts_at")),
                        _connector="OR",
                    ),
                    name="promotion_window_in_order",
                    violation_error_message="endsAt must be after startsAt.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("total_limit", None),
                        ("used__lte", models.F("total_limit")),
                        _connector="OR",
                    ),
                    name="promotion_used_within_limit",
                    violation_error_message="The total limit cannot be below the uses so far.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("total_limit", None),
                            ("total_limit__gte", 1),
                            _connector="OR",
                        ),
                        models.Q(
                            ("per_customer_limit", None),
                            ("per_customer_limit__gte", 1),
                            _connector="OR",
                        ),
                    ),
                    name="promotion_limits_at_least_one",
                    violation_error_message="A limit is at least 1; leave it empty for none.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="orderdiscount",
            index=models.Index(
                condition=models.Q(("counts", True)),
                fields=["promotion", "email_hash"],
                name="order_discount_of_address",
            ),
        ),
        migrations.AddIndex(
            model_name="orderdiscount",
            index=models.Index(
                condition=models.Q(("counts", True)),
                fields=["promotion", "user"],
                name="order_discount_of_user",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="orderdiscount",
            constraints=[
                models.UniqueConstraint(
                    fields=("order", "position"),
                    name="order_discount_one_per_position",
                ),
                models.UniqueConstraint(
                    fields=("order", "promotion"),
                    name="order_discount_once_per_promotion",
                ),
                models.CheckConstraint(
                    condition=models.Q(("email_hash__regex", "\\A[0-9a-f]{64}\\Z")),
                    name="order_discount_email_hash_format",
                    violation_error_message="email_hash is a SHA-256.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("amount__gt", 0),
                        models.Q(("amount", 0), ("shipping_amount__gt", 0)),
                        _connector="OR",
                    ),
                    name="order_discount_takes_something_off",
                ),
                models.CheckConstraint(
                    condition=models.Q(("shipping_amount__gte", 0)),
                    name="order_discount_shipping_amount_not_negative",
                    violation_error_message="shipping_amount must not be negative.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    taken numeric;",
                        "    uneven boolean;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = coalesce(NEW.order_id, OLD.order_id);",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT coalesce(sum(amount), 0) INTO taken FROM orders_orderdiscount",
                        "        WHERE order_id = purchase.id;",
                        "    SELECT EXISTS (",
                        "        SELECT FROM orders_orderline AS line WHERE line.order_id = purchase.id",
                        "        AND line.discount <> (",
                        "            SELECT coalesce(sum((shares ->> line.id::text)::numeric), 0)",
                        "            FROM orders_orderdiscount WHERE order_id = purchase.id)",
                        "    ) INTO uneven;",
                        "    IF taken <> purchase.discount OR uneven THEN",
                        "        RAISE EXCEPTION 'order % does not equal its discounts', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_discounts',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_orderdiscount_equals_order",
                    transition="",
                    when="AFTER INSERT OR DELETE OR UPDATE OF order_id, amount, shares",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="coupon",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("code__regex", "\\A[A-Z0-9][A-Z0-9-]{0,31}\\Z")
                    ),
                    name="coupon_code_format",
                    violation_error_message="code takes upper-case letters, digits and hyphens.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("total_limit", None),
                        models.Q(
                            ("total_limit__gte", 1),
                            ("used__lte", models.F("total_limit")),
                        ),
                        _connector="OR",
                    ),
                    name="coupon_used_within_limit",
                    violation_error_message="The total limit is at least 1, and not below the uses so far.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="promotiontier",
            constraints=[
                models.UniqueConstraint(
                    fields=("promotion", "threshold"), name="promotion_tier_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(("threshold__gt", 0)),
                    name="promotion_tier_threshold_positive",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("amount", None),
                            ("percent__gt", 0),
                            ("percent__isnull", False),
                            ("percent__lte", 100),
                        ),
                        models.Q(
                            ("amount__gt", 0),
                            ("amount__isnull", False),
                            ("percent", None),
                        ),
                        _connector="OR",
                    ),
                    name="promotion_tier_percent_or_amount",
                    violation_error_message="A tier takes off a percentage, or an amount.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="difference",
            constraints=[
                models.UniqueConstraint(
                    condition=models.Q(("settled_at", None)),
                    fields=("provider", "kind", "ref"),
                    name="difference_open_once",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            ["charge", "refund", "dispute", "payout", "balance"],
                        )
                    ),
                    name="difference_kind_known",
                    violation_error_message="kind must be one of: charge, refund, dispute, payout, balance.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("settled_at", None), ("settled_how", "")),
                        models.Q(
                            ("settled_at__isnull", False),
                            models.Q(("settled_how", ""), _negated=True),
                        ),
                        _connector="OR",
                    ),
                    name="difference_settled_says_how",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("provider", ""), _negated=True),
                    ),
                    name="difference_provider_text",
                    violation_error_message="provider must be trimmed text without control characters, and not be empty.",
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
                    name="difference_ref_text",
                    violation_error_message="ref must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "cause__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("cause__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("cause", ""), _negated=True),
                    ),
                    name="difference_cause_text",
                    violation_error_message="cause must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "settled_how__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("settled_how__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="difference_settled_how_text",
                    violation_error_message="settled_how must be trimmed text without control characters.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state", "requested")),
                fields=["created_at"],
                name="refund_open_by_age",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="refund",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("amount__gt", 0)),
                    name="refund_amount_positive",
                    violation_error_message="amount must be above 0.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state__in", ["requested", "succeeded", "failed"])
                    ),
                    name="refund_state_known",
                    violation_error_message="state must be one of: requested, succeeded, failed.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    name="refund_reason_text",
                    violation_error_message="reason must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "provider_ref__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("provider_ref__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="refund_provider_ref_text",
                    violation_error_message="provider_ref must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "error__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("error__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="refund_error_text",
                    violation_error_message="error must be trimmed text without control characters.",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("provider_ref", ""), _negated=True),
                    fields=("payment", "provider_ref"),
                    name="refund_provider_ref_once",
                ),
                models.UniqueConstraint(
                    condition=models.Q(
                        ("made_at_provider", False), ("surplus", True)
                    ),
                    fields=("payment",),
                    name="refund_surplus_once_per_payment",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("finished_at", None), ("state", "requested")),
                        models.Q(
                            models.Q(("state", "requested"), _negated=True),
                            ("finished_at__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="refund_finished_at_fits_state",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="refusedorder",
            index=models.Index(
                condition=models.Q(("state", "allowed")),
                fields=["email", "phone"],
                name="refused_order_allowed",
            ),
        ),
        migrations.AddIndex(
            model_name="refusedorder",
            index=models.Index(fields=["last_at"], name="refused_order_by_age"),
        ),
        migrations.AddIndex(
            model_name="refusedorder",
            index=models.Index(fields=["email"], name="refused_order_by_email"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="refusedorder",
            constraints=[
                models.UniqueConstraint(
                    condition=models.Q(("state", "open")),
                    fields=("limit", "sender"),
                    name="refused_order_open_once",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state__in", ["open", "allowed", "used", "dismissed"])
                    ),
                    name="refused_order_state_known",
                    violation_error_message="state must be one of: open, allowed, used, dismissed.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "limit__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("limit__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("limit", ""), _negated=True),
                    ),
                    name="refused_order_limit_text",
                    violation_error_message="limit must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "sender__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("sender__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("sender", ""), _negated=True),
                    ),
                    name="refused_order_sender_text",
                    violation_error_message="sender must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "email__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("email__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("email", ""), _negated=True),
                    ),
                    name="refused_order_email_text",
                    violation_error_message="email must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "phone__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("phone__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="refused_order_phone_text",
                    violation_error_message="phone must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "recipient__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("recipient__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="refused_order_recipient_text",
                    violation_error_message="recipient must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("pieces__gt", 0), ("tries__gt", 0)),
                    name="refused_order_counts_positive",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("decided_at", None), ("state", "open")),
                        models.Q(
                            models.Q(("state", "open"), _negated=True),
                            ("decided_at__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="refused_order_decided_at_fits_state",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("state__in", ["allowed", "used"]), _negated=True),
                        ("allowed_until__isnull", False),
                        _connector="OR",
                    ),
                    name="refused_order_allowed_has_an_end",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (",
                        "        ('allowed', 'dismissed'),",
                        "        ('allowed', 'used'),",
                        "        ('open', 'allowed'),",
                        "        ('open', 'dismissed')",
                        "    ) THEN",
                        "        RAISE EXCEPTION 'a refused order cannot go from % to %', OLD.state, NEW.state",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'refused_order_transition', TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_refusedorder_transition",
                    transition="",
                    when="BEFORE UPDATE OF state",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="return",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    name="return_reason_text",
                    violation_error_message="reason must be trimmed text without control characters, and not be empty.",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="returnline",
            constraints=[
                models.UniqueConstraint(
                    fields=("parcel", "line", "restocked"),
                    name="return_line_once_per_return",
                ),
                models.CheckConstraint(
                    condition=models.Q(("quantity__gte", 1), ("quantity__lte", 20)),
                    name="return_line_quantity_range",
                    violation_error_message="quantity must be from 1 to 20.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="returnrequest",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ("requested", "approved", "received"))
                ),
                fields=["status", "created_at"],
                name="return_request_open",
            ),
        ),
        migrations.AddIndex(
            model_name="returnrequest",
            index=models.Index(
                condition=models.Q(("status", "approved")),
                fields=["send_by"],
                name="return_request_to_expire",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="returnrequest",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "status__in",
                            [
                                "requested",
                                "approved",
                                "received",
                                "completed",
                                "rejected",
                                "cancelled",
                            ],
                        )
                    ),
                    name="return_request_status_known",
                    violation_error_message="status must be one of: requested, approved, received, completed, rejected, cancelled.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("number__regex", "\\A[A-Z0-9-]{1,24}\\Z")),
                    name="return_request_number_format",
                    violation_error_message="number takes upper-case letters, digits and hyphens.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "reason__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("reason__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    name="return_request_reason_text",
                    violation_error_message="reason must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "carrier__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("carrier__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="return_request_carrier_text",
                    violation_error_message="carrier must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "tracking_number__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("tracking_number__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="return_request_tracking_number_text",
                    violation_error_message="tracking_number must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "note__regex",
                            "\\A[^\\u0001-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("note__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="return_request_note_text",
                    violation_error_message="note must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "tracking_url__regex",
                            "\\A(https://[^\\s\\u0001-\\u001F\\u007F]+)?\\Z",
                        )
                    ),
                    name="return_request_tracking_url_format",
                    violation_error_message="A link must begin with https://.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "label_url__regex",
                            "\\A(https://[^\\s\\u0001-\\u001F\\u007F]+)?\\Z",
                        )
                    ),
                    name="return_request_label_url_format",
                    violation_error_message="A link must begin with https://.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("approved_at", None),
                            ("send_by", None),
                            models.Q(
                                (
                                    "status__in",
                                    ["approved", "received", "completed"],
                                ),
                                _negated=True,
                            ),
                        ),
                        models.Q(
                            ("approved_at__isnull", False),
                            ("send_by__isnull", False),
                            models.Q(
                                ("status__in", ["requested", "rejected"]),
                                _negated=True,
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="return_request_approved_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("received_at", None),
                            models.Q(
                                ("status__in", ["received", "completed"]),
                                _negated=True,
                            ),
                        ),
                        models.Q(
                            ("received_at__isnull", False),
                            ("status__in", ["received", "completed"]),
                        ),
                        _connector="OR",
                    ),
                    name="return_request_received_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("closed_at", None),
                            ("status__in", ("requested", "approved", "received")),
                        ),
                        models.Q(
                            ("closed_at__isnull", False),
                            models.Q(
                                (
                                    "status__in",
                                    ("requested", "approved", "received"),
                                ),
                                _negated=True,
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="return_request_closed_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("goods", None), ("status", "completed"), _connector="OR"
                    ),
                    name="return_request_goods_once_completed",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (",
                        "        ('approved', 'cancelled'),",
                        "        ('approved', 'received'),",
                        "        ('received', 'completed'),",
                        "        ('requested', 'approved'),",
                        "        ('requested', 'cancelled'),",
                        "        ('requested', 'rejected')",
                        "    ) THEN",
                        "        RAISE EXCEPTION 'a return cannot go from % to %', OLD.status, NEW.status",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_request_status_transition', TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_returnrequest_transition",
                    transition="",
                    when="BEFORE UPDATE OF status",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="returnrequestline",
            constraints=[
                models.UniqueConstraint(
                    fields=("request", "line"), name="return_request_line_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(("quantity__gte", 1), ("quantity__lte", 20)),
                    name="return_request_line_quantity_range",
                    violation_error_message="quantity must be from 1 to 20.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("damaged__gte", 0),
                        (
                            "quantity__gte",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("sellable"), "+", models.F("damaged")
                                ),
                                "+",
                                models.F("refused"),
                            ),
                        ),
                        ("refused__gte", 0),
                        ("sellable__gte", 0),
                    ),
                    name="return_request_line_judged_within_quantity",
                    violation_error_message="No more pieces can be judged than were asked for.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["user", "-created_at", "-id"], name="order_of_user_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["-created_at", "-id"], name="order_newest"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["status", "-created_at", "-id"], name="order_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["updated_at"], name="order_by_change"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("user", None)),
                fields=["email"],
                name="order_of_guest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["email"], name="order_by_email"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["phone"], name="order_by_phone"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("recipient"),
                    name="gin_trgm_ops",
                ),
                name="order_by_recipient",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                django.db.models.functions.text.Upper("city"), name="order_by_city"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["tags"], name="order_by_tag"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["postal_code"], name="order_by_postal_code"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("attention", ""), _negated=True),
                fields=["-created_at", "-id"],
                name="order_needing_attention",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["confirmed", "processing", "partially_shipped"])
                ),
                fields=["created_at", "id"],
                name="order_to_pack",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status", "pending"),
                    models.Q(
                        ("payment_method", "cod"),
                        ("payment_status__in", ["paid", "refunded"]),
                        _connector="OR",
                    ),
                ),
                fields=["created_at", "id"],
                name="order_to_confirm",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("payment_status", "paid"), ("status", "cancelled")
                ),
                fields=["closed_at"],
                name="order_cancelled_but_paid",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("closed_at", None),
                    ("payment_method", "cod"),
                    ("payment_status__in", ["unpaid", "failed"]),
                ),
                fields=["postal_code"],
                name="order_open_cash",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("payment_status__in", ["unpaid", "failed"]),
                    ("status", "pending"),
                ),
                fields=["expires_at"],
                name="order_to_expire",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="order",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "recipient__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("recipient__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_recipient_text",
                    violation_error_message="recipient must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "street__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("street__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_street_text",
                    violation_error_message="street must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "city__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("city__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_city_text",
                    violation_error_message="city must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "state__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("state__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_state_text",
                    violation_error_message="state must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "postal_code__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("postal_code__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_postal_code_text",
                    violation_error_message="postal_code must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("phone__regex", "\\A(\\+[1-9][0-9]{6,14})?\\Z")
                    ),
                    name="order_phone_format",
                    violation_error_message="phone must be in E.164 form.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("country__regex", "\\A[A-Z]{2}\\Z")),
                    name="order_country_format",
                    violation_error_message="country must be an ISO 3166-1 alpha-2 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state_code", ""),
                        models.Q(
                            ("state_code__regex", "\\A[A-Z]{2}-[A-Z0-9]{1,3}\\Z"),
                            ("state_code__startswith", models.F("country")),
                        ),
                        _connector="OR",
                    ),
                    name="order_state_code_of_country",
                    violation_error_message="stateCode is an ISO 3166-2 code of the country: IN-KA.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("country", "IN"), _negated=True),
                        ("postal_code__regex", "\\A[1-9][0-9]{5}\\Z"),
                        ("postal_code", ""),
                        _connector="OR",
                    ),
                    name="order_postal_code_india",
                    violation_error_message="An Indian postal code has six digits.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("number__regex", "\\A[A-Z0-9-]{1,20}\\Z")),
                    name="order_number_format",
                    violation_error_message="number takes upper-case letters, digits and hyphens.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "status__in",
                            [
                                "pending",
                                "confirmed",
                                "processing",
                                "partially_shipped",
                                "shipped",
                                "undelivered",
                                "delivered",
                                "cancelled",
                                "returned",
                            ],
                        )
                    ),
                    name="order_status_known",
                    violation_error_message="status must be one of: pending, confirmed, processing, partially_shipped, shipped, undelivered, delivered, cancelled, returned.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "payment_status__in",
                            ["unpaid", "paid", "failed", "refunded"],
                        )
                    ),
                    name="order_payment_status_known",
                    violation_error_message="payment_status must be one of: unpaid, paid, failed, refunded.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("payment_method__in", ["cod", "online"])),
                    name="order_payment_method_known",
                    violation_error_message="payment_method must be one of: cod, online.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "zero_rated__in",
                            ["", "export", "intra_community", "exempt_customer"],
                        )
                    ),
                    name="order_zero_rated_known",
                    violation_error_message="zero_rated must be one of: (empty), export, intra_community, exempt_customer.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tax_id__regex", "\\A[A-Z0-9]{0,20}\\Z")),
                    name="order_tax_id_format",
                    violation_error_message="taxId takes up to 20 upper-case letters and digits.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("zero_rated", ""), ("tax", 0), _connector="OR"
                    ),
                    name="order_zero_rated_has_no_tax",
                ),
                models.CheckConstraint(
                    condition=models.Q(("currency__regex", "\\A[A-Z]{3}\\Z")),
                    name="order_currency_format",
                    violation_error_message="currency must be an ISO 4217 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("subtotal__gte", 0)),
                    name="order_subtotal_not_negative",
                    violation_error_message="subtotal must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("discount__gte", 0)),
                    name="order_discount_not_negative",
                    violation_error_message="discount must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("shipping__gte", 0)),
                    name="order_shipping_not_negative",
                    violation_error_message="shipping must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("cod_fee__gte", 0)),
                    name="order_cod_fee_not_negative",
                    violation_error_message="cod_fee must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("tax__gte", 0)),
                    name="order_tax_not_negative",
                    violation_error_message="tax must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("total__gte", 0)),
                    name="order_total_not_negative",
                    violation_error_message="total must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("refunded__gte", 0)),
                    name="order_refunded_not_negative",
                    violation_error_message="refunded must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("waived__gte", 0)),
                    name="order_waived_not_negative",
                    violation_error_message="waived must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("gift_card_amount__gte", 0)),
                    name="order_gift_card_amount_not_negative",
                    violation_error_message="gift_card_amount must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("part_paid__gte", 0)),
                    name="order_part_paid_not_negative",
                    violation_error_message="part_paid must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "coupon_code__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("coupon_code__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_coupon_code_text",
                    violation_error_message="coupon_code must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "shipping_name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("shipping_name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_shipping_name_text",
                    violation_error_message="shipping_name must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "attention__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("attention__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="order_attention_text",
                    violation_error_message="attention must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("cod_fee", 0), ("payment_method", "cod"), _connector="OR"
                    ),
                    name="order_cod_fee_of_cash",
                    violation_error_message="Only cash on delivery has its fee.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("delivers_from", None), ("delivers_until", None)),
                        models.Q(
                            ("delivers_from__isnull", False),
                            ("delivers_until__gte", models.F("delivers_from")),
                            ("delivers_until__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="order_delivery_dates_in_order",
                    violation_error_message="The last day is not before the first.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("discount__lte", models.F("subtotal"))),
                    name="order_discount_within_subtotal",
                    violation_error_message="The discount cannot exceed the subtotal.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("tax_included", True),
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("subtotal"),
                                            "-",
                                            models.F("discount"),
                                        ),
                                        "+",
                                        models.F("shipping"),
                                    ),
                                    "+",
                                    models.F("cod_fee"),
                                ),
                            ),
                        ),
                        models.Q(
                            ("tax_included", False),
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("subtotal"),
                                                "-",
                                                models.F("discount"),
                                            ),
                                            "+",
                                            models.F("shipping"),
                                        ),
                                        "+",
                                        models.F("cod_fee"),
                                    ),
                                    "+",
                                    models.F("tax"),
                                ),
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="order_total_adds_up",
                    violation_error_message="The total must be subtotal - discount + shipping + fees, plus tax unless included.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "refunded__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("total"), "-", models.F("waived")
                            ),
                        )
                    ),
                    name="order_refunded_within_total",
                    violation_error_message="No more can be refunded than was paid.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("paid_at", None),
                            ("payment_status__in", ["unpaid", "failed"]),
                            (
                                "refunded__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("gift_card_amount"),
                                    "+",
                                    models.F("part_paid"),
                                ),
                            ),
                        ),
                        models.Q(
                            ("paid_at__isnull", False),
                            ("payment_status__in", ["paid", "refunded"]),
                        ),
                        _connector="OR",
                    ),
                    name="order_paid_at_fits_payment_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "gift_card_amount__lte",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("total"), "-", models.F("waived")
                                ),
                                "-",
                                models.F("part_paid"),
                            ),
                        )
                    ),
                    name="order_part_payments_within_total",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("shipped_at", None),
                            (
                                "status__in",
                                ["pending", "confirmed", "processing", "cancelled"],
                            ),
                        ),
                        models.Q(
                            ("shipped_at__isnull", False),
                            (
                                "status__in",
                                [
                                    "partially_shipped",
                                    "shipped",
                                    "undelivered",
                                    "delivered",
                                    "returned",
                                ],
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="order_shipped_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("delivered_at", None),
                            models.Q(("status", "delivered"), _negated=True),
                        ),
                        models.Q(
                            ("delivered_at__isnull", False),
                            ("status__in", ["delivered", "returned"]),
                        ),
                        _connector="OR",
                    ),
                    name="order_delivered_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("closed_at", None),
                            models.Q(
                                ("status__in", ["cancelled", "returned"]),
                                _negated=True,
                            ),
                        ),
                        models.Q(
                            ("closed_at__isnull", False),
                            ("status__in", ["cancelled", "returned"]),
                        ),
                        _connector="OR",
                    ),
                    name="order_closed_at_fits_status",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("status", "delivered"), _negated=True),
                        ("payment_status__in", ["paid", "refunded"]),
                        ("payment_method", "cod"),
                        _connector="OR",
                    ),
                    name="order_delivered_online_is_paid",
                ),
                markrin.db.declared.StorageParameters(
                    fillfactor=80, name="orders_order_storage"
                ),
                markrin.db.declared.SqlSequence(name="orders_order_number"),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (",
                        "        ('confirmed', 'cancelled'),",
                        "        ('confirmed', 'processing'),",
                        "        ('delivered', 'returned'),",
                        "        ('partially_shipped', 'delivered'),",
                        "        ('partially_shipped', 'returned'),",
                        "        ('partially_shipped', 'shipped'),",
                        "        ('partially_shipped', 'undelivered'),",
                        "        ('pending', 'cancelled'),",
                        "        ('pending', 'confirmed'),",
                        "        ('processing', 'cancelled'),",
                        "        ('processing', 'partially_shipped'),",
                        "        ('processing', 'shipped'),",
                        "        ('shipped', 'delivered'),",
                        "        ('shipped', 'returned'),",
                        "        ('shipped', 'undelivered'),",
                        "        ('undelivered', 'delivered'),",
                        "        ('undelivered', 'returned'),",
                        "        ('undelivered', 'shipped')",
                        "    ) THEN",
                        "        RAISE EXCEPTION 'an order cannot go from % to %', OLD.status, NEW.status",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_status_transition', TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_order_status_transition",
                    transition="",
                    when="BEFORE UPDATE OF status",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF NEW.payment_status <> OLD.payment_status AND (OLD.payment_status, NEW.payment_status) NOT IN (",
                        "        ('failed', 'paid'),",
                        "        ('failed', 'unpaid'),",
                        "        ('paid', 'refunded'),",
                        "        ('paid', 'unpaid'),",
                        "        ('refunded', 'paid'),",
                        "        ('unpaid', 'failed'),",
                        "        ('unpaid', 'paid')",
                        "    ) THEN",
                        "        RAISE EXCEPTION 'a payment cannot go from % to %', OLD.payment_status, NEW.payment_status",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_payment_transition', TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="orders_order_payment_transition",
                    transition="",
                    when="BEFORE UPDATE OF payment_status",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    lines record;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = NEW.id;",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT count(*) AS n, sum(line_total) AS subtotal, sum(discount) AS discount",
                        "        INTO lines FROM orders_orderline WHERE order_id = purchase.id;",
                        "    IF lines.n = 0 OR lines.subtotal <> purchase.subtotal",
                        "       OR lines.discount <> purchase.discount THEN",
                        "        RAISE EXCEPTION 'order % does not equal its lines', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_lines',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_order_equals_lines",
                    transition="",
                    when="AFTER INSERT OR UPDATE OF subtotal, discount",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    parts numeric;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = NEW.id;",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT coalesce(sum(amount), 0) INTO parts FROM orders_ordertax",
                        "        WHERE order_id = purchase.id;",
                        "    IF parts <> purchase.tax THEN",
                        "        RAISE EXCEPTION 'order % does not equal its taxes', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_taxes',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_order_equals_taxes",
                    transition="",
                    when="AFTER INSERT OR UPDATE OF tax",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    purchase orders_order;",
                        "    taken numeric;",
                        "    uneven boolean;",
                        "BEGIN",
                        "    SELECT * INTO purchase FROM orders_order WHERE id = NEW.id;",
                        "    IF NOT FOUND THEN",
                        "        RETURN NULL;",
                        "    END IF;",
                        "    SELECT coalesce(sum(amount), 0) INTO taken FROM orders_orderdiscount",
                        "        WHERE order_id = purchase.id;",
                        "    SELECT EXISTS (",
                        "        SELECT FROM orders_orderline AS line WHERE line.order_id = purchase.id",
                        "        AND line.discount <> (",
                        "            SELECT coalesce(sum((shares ->> line.id::text)::numeric), 0)",
                        "            FROM orders_orderdiscount WHERE order_id = purchase.id)",
                        "    ) INTO uneven;",
                        "    IF taken <> purchase.discount OR uneven THEN",
                        "        RAISE EXCEPTION 'order % does not equal its discounts', purchase.number",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_equals_its_discounts',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="orders_order_equals_discounts",
                    transition="",
                    when="AFTER INSERT OR UPDATE OF discount",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="shippingstep",
            constraints=[
                models.UniqueConstraint(
                    fields=("method", "threshold"),
                    name="shipping_step_once_per_threshold",
                ),
                models.CheckConstraint(
                    condition=models.Q(("threshold__gte", 0)),
                    name="shipping_step_threshold_not_negative",
                    violation_error_message="threshold must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("price__gte", 0)),
                    name="shipping_step_price_not_negative",
                    violation_error_message="price must not be negative.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="shippingpostcode",
            constraints=[
                models.UniqueConstraint(
                    fields=("zone", "code"), name="shipping_postcode_once_per_zone"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("code__regex", "\\A[A-Z0-9]([A-Z0-9 -]{0,10}[A-Z0-9])?\\Z")
                    ),
                    name="shipping_postcode_code_format",
                    violation_error_message="A postal code has upper-case letters, digits, spaces and hyphens.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="shippingmethod",
            constraints=[
                models.UniqueConstraint(
                    fields=("zone", "name"),
                    name="shipping_method_name_once_per_zone",
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
                    name="shipping_method_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("price_by__in", ["flat", "weight", "subtotal"])
                    ),
                    name="shipping_method_price_by_known",
                    violation_error_message="price_by must be one of: flat, weight, subtotal.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("price__gte", 0)),
                    name="shipping_method_price_not_negative",
                    violation_error_message="price must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("free_above__gte", 0)),
                    name="shipping_method_free_above_not_negative",
                    violation_error_message="free_above must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("cod_fee__gte", 0)),
                    name="shipping_method_cod_fee_not_negative",
                    violation_error_message="cod_fee must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("cod_max_total__gte", 0)),
                    name="shipping_method_cod_max_total_not_negative",
                    violation_error_message="cod_max_total must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("position__gte", 0), ("position__lte", 32767)
                    ),
                    name="shipping_method_position_range",
                    violation_error_message="position must be from 0 to 32767.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("default_weight_g__gte", 0),
                        ("default_weight_g__lte", 1000000),
                    ),
                    name="shipping_method_default_weight_g_range",
                    violation_error_message="default_weight_g must be from 0 to 1000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("max_weight_g__gte", 1), ("max_weight_g__lte", 1000000000)
                    ),
                    name="shipping_method_max_weight_g_range",
                    violation_error_message="max_weight_g must be from 1 to 1000000000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("cod_max_open__gte", 0), ("cod_max_open__lte", 1000)
                    ),
                    name="shipping_method_cod_max_open_range",
                    violation_error_message="cod_max_open must be from 0 to 1000.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("max_days", None), ("min_days", None)),
                        models.Q(
                            ("max_days__isnull", False),
                            ("max_days__lte", 90),
                            ("min_days__isnull", False),
                            ("min_days__lte", models.F("max_days")),
                        ),
                        _connector="OR",
                    ),
                    name="shipping_method_days_in_order",
                    violation_error_message="Give both numbers of days or none, the fewest first, up to 90.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("weekdays__regex", "\\A(?=[1-7])1?2?3?4?5?6?7?\\Z")
                    ),
                    name="shipping_method_weekdays_format",
                    violation_error_message="Working days are some of 1234567, in this order; 1 is Monday.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="taxpart",
            constraints=[
                models.UniqueConstraint(
                    fields=("rate", "name"), name="tax_part_once_per_rate"
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
                    name="tax_part_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                    name="tax_part_percent_range",
                    violation_error_message="percent must be from 0 to 100.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="taxsettings",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("id", 1)), name="tax_settings_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(("scheme__in", ["", "in", "eu"])),
                    name="tax_settings_scheme_known",
                    violation_error_message="scheme must be one of: (empty), in, eu.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("shipping_levy__in", ["none", "class", "goods", "highest"])
                    ),
                    name="tax_settings_shipping_levy_known",
                    violation_error_message="shipping_levy must be one of: none, class, goods, highest.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("fees_levy__in", ["none", "class", "goods", "highest"])
                    ),
                    name="tax_settings_fees_levy_known",
                    violation_error_message="fees_levy must be one of: none, class, goods, highest.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("country__regex", "\\A[A-Z]{2}\\Z")),
                    name="tax_settings_country_format",
                    violation_error_message="country must be an ISO 3166-1 alpha-2 code.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state_code", ""),
                        models.Q(
                            ("state_code__regex", "\\A[A-Z]{2}-[A-Z0-9]{1,3}\\Z"),
                            ("state_code__startswith", models.F("country")),
                        ),
                        _connector="OR",
                    ),
                    name="tax_settings_state_code_of_country",
                    violation_error_message="stateCode is an ISO 3166-2 code of the country: IN-KA.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("shipping_levy", "class"), _negated=True),
                        ("shipping_class__isnull", False),
                        _connector="OR",
                    ),
                    name="tax_settings_shipping_class_named",
                    violation_error_message="Name the class that shipping is taxed as.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("fees_levy", "class"), _negated=True),
                        ("fees_class__isnull", False),
                        _connector="OR",
                    ),
                    name="tax_settings_fees_class_named",
                    violation_error_message="Name the class that fees are taxed as.",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="taxrate",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        ("valid_from", None),
                        ("valid_until", None),
                        ("valid_until__gte", models.F("valid_from")),
                        _connector="OR",
                    ),
                    name="tax_rate_days_in_order",
                    violation_error_message="The last day is not before the first.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("up_to", None), ("up_to__gt", 0), _connector="OR"
                    ),
                    name="tax_rate_up_to_positive",
                    violation_error_message="The limit of a band is above 0.",
                ),
                django.contrib.postgres.constraints.ExclusionConstraint(
                    expressions=[
                        ("tax_class", "="),
                        ("zone", "="),
                        (
                            django.db.models.functions.comparison.Coalesce(
                                "up_to", models.Value(0)
                            ),
                            "=",
                        ),
                        (
                            models.Func(
                                django.db.models.functions.comparison.Cast(
                                    models.F("valid_from"), models.DateField()
                                ),
                                models.Case(
                                    models.When(
                                        then=django.db.models.functions.comparison.Cast(
                                            models.F("valid_from"),
                                            models.DateField(),
                                        ),
                                        valid_until__lt=models.F("valid_from"),
                                    ),
                                    default=django.db.models.functions.comparison.Cast(
                                        models.F("valid_until"), models.DateField()
                                    ),
                                ),
                                models.Value("[]"),
                                function="daterange",
                                output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                            ),
                            "&&",
                        ),
                    ],
                    name="tax_rate_one_a_day",
                    violation_error_message="Another rate holds for this class, zone and band then.",
                ),
            ],
        ),
    ]
