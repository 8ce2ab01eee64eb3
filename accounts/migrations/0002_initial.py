import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import markrin.db.declared
import markrin.db.operations
import markrin.db.triggers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("products", "0001_initial"),
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]

    operations = [
        migrations.AddField(
            model_name="wishlistitem",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="products.product",
            ),
        ),
        migrations.AddField(
            model_name="wishlistitem",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="wishlist",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["role", "-created_at"], name="user_by_role"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="user",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "email__regex",
                            "\\A[!-?A-Z^-~]+@[a-z0-9-]+(\\.[a-z0-9-]+)+\\Z",
                        )
                    ),
                    name="user_email_format",
                    violation_error_message="email must be a lower-case ASCII address.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "pending_email__regex",
                            "\\A([!-?A-Z^-~]+@[a-z0-9-]+(\\.[a-z0-9-]+)+)?\\Z",
                        )
                    ),
                    name="user_pending_email_format",
                    violation_error_message="email must be a lower-case ASCII address.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("email", django.db.models.functions.text.Lower("email"))
                    ),
                    name="user_email_lower",
                    violation_error_message="email must be lower-case.",
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
                    name="user_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "last_name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("last_name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="user_last_name_text",
                    violation_error_message="last_name must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("phone__regex", "\\A(\\+[1-9][0-9]{6,14})?\\Z")
                    ),
                    name="user_phone_format",
                    violation_error_message="phone must be in E.164 form.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("gender__in", ["", "male", "female", "other"])
                    ),
                    name="user_gender_known",
                    violation_error_message="gender must be one of: (empty), male, female, other.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("role__in", ["customer", "staff", "admin"])
                    ),
                    name="user_role_known",
                    violation_error_message="role must be one of: customer, staff, admin.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("date_of_birth__gte", "1900-01-01"),
                        ("date_of_birth__lte", "2100-12-31"),
                    ),
                    name="user_date_of_birth_range",
                    violation_error_message="dateOfBirth must be from 1900 on.",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    -- Writing back a stale copy of the row must not revive sessions that a newer one has ended.",
                        "    NEW.auth_epoch := greatest(NEW.auth_epoch, OLD.auth_epoch)",
                        "        + (OLD.is_active AND NOT NEW.is_active)::int;",
                        "    RETURN NEW;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="accounts_user_epoch",
                    transition="",
                    when="BEFORE UPDATE OF is_active, auth_epoch",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="address",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "recipient__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("recipient__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("recipient", ""), _negated=True),
                    ),
                    name="address_recipient_text",
                    violation_error_message="recipient must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "street__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("street__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("street", ""), _negated=True),
                    ),
                    name="address_street_text",
                    violation_error_message="street must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "city__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("city__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("city", ""), _negated=True),
                    ),
                    name="address_city_text",
                    violation_error_message="city must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "state__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("state__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                    ),
                    name="address_state_text",
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
                    name="address_postal_code_text",
                    violation_error_message="postal_code must be trimmed text without control characters.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("phone__regex", "\\A\\+[1-9][0-9]{6,14}\\Z")
                    ),
                    name="address_phone_format",
                    violation_error_message="phone must be in E.164 form.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("country__regex", "\\A[A-Z]{2}\\Z")),
                    name="address_country_format",
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
                    name="address_state_code_of_country",
                    violation_error_message="stateCode is an ISO 3166-2 code of the country: IN-KA.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("country", "IN"), _negated=True),
                        ("postal_code__regex", "\\A[1-9][0-9]{5}\\Z"),
                        _connector="OR",
                    ),
                    name="address_postal_code_india",
                    violation_error_message="An Indian postal code has six digits.",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("is_default", True)),
                    fields=("user",),
                    name="address_one_default",
                ),
                markrin.db.triggers.Trigger(
                    body=[
                        "DECLARE",
                        "    owner uuid := coalesce(NEW.user_id, OLD.user_id);",
                        "BEGIN",
                        "    -- A unique index refuses a second default; this refuses addresses without one, at commit.",
                        "    IF EXISTS (SELECT FROM accounts_address WHERE user_id = owner)",
                        "       AND NOT EXISTS (SELECT FROM accounts_address WHERE user_id = owner AND is_default) THEN",
                        "        RAISE EXCEPTION 'customer % has addresses but no default one', owner",
                        "            USING ERRCODE = 'check_violation', CONSTRAINT = 'address_some_default',",
                        "                TABLE = TG_TABLE_NAME;",
                        "    END IF;",
                        "    RETURN NULL;",
                        "END",
                    ],
                    condition="",
                    deferred=True,
                    for_each="ROW",
                    name="accounts_address_default",
                    transition="",
                    when="AFTER INSERT OR DELETE OR UPDATE OF is_default, user_id",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="apikey",
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
                    name="api_key_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("revoked_at", None)),
                    fields=("name",),
                    name="api_key_name_once",
                    violation_error_message="There is a key of this name.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="authevent",
            index=models.Index(fields=["at"], name="auth_event_by_time"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="authevent",
            constraints=[
                markrin.db.triggers.Trigger(
                    body=[
                        "BEGIN",
                        "    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '180 days' THEN",
                        "        RETURN OLD;",
                        "    END IF;",
                        "    IF TG_OP = 'UPDATE' AND NEW.ip IS NULL AND NEW.user_agent = '' AND NEW.details = '{}'",
                        "       AND to_jsonb(NEW) - '{ip,user_agent,details}'::text[]",
                        "           = to_jsonb(OLD) - '{ip,user_agent,details}'::text[] THEN",
                        "        RETURN NEW;  -- its person has been anonymised",
                        "    END IF;",
                        "    RAISE EXCEPTION 'the log of sign-ins only grows'",
                        "        USING ERRCODE = 'check_violation', CONSTRAINT = 'auth_event_append_only', TABLE = TG_TABLE_NAME;",
                        "END",
                    ],
                    condition="",
                    deferred=False,
                    for_each="ROW",
                    name="auth_event_append_only",
                    transition="",
                    when="BEFORE DELETE OR UPDATE",
                )
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="customergroup",
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
                    name="customer_group_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("min_spent__gte", 0)),
                    name="customer_group_min_spent_not_negative",
                    violation_error_message="min_spent must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("within_days__gte", 1), ("within_days__lte", 3650)
                    ),
                    name="customer_group_within_days_range",
                    violation_error_message="within_days must be from 1 to 3650.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("by_rule", False),
                        models.Q(("tags", []), _negated=True),
                        ("min_spent__isnull", False),
                        ("min_orders__isnull", False),
                        _connector="OR",
                    ),
                    name="customer_group_rule_says_something",
                    violation_error_message="A rule needs tags, an amount spent, or a number of orders.",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="mailtoken",
            index=models.Index(fields=["expires_at"], name="mail_token_by_end"),
        ),
        markrin.db.operations.AddConstraints(
            model_name="mailtoken",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("purpose__in", ["verify", "reset"])),
                    name="mail_token_purpose_known",
                    violation_error_message="purpose must be one of: verify, reset.",
                )
            ],
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("revoked_at", None)),
                fields=["user"],
                name="session_live_by_user",
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                fields=["user", "ip"], name="session_by_user_and_ip"
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["expires_at"], name="session_by_end"),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("revoked_at__isnull", False)),
                fields=["revoked_at"],
                name="session_by_revocation",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="session",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(("transport__in", ["cookie", "body"])),
                    name="session_transport_known",
                    violation_error_message="transport must be one of: cookie, body.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("revoked_at", None), ("revoked_reason", "")),
                        models.Q(
                            ("revoked_at__isnull", False),
                            (
                                "revoked_reason__in",
                                [
                                    "logout",
                                    "logout_all",
                                    "password_change",
                                    "password_reset",
                                    "reuse_detected",
                                    "user_disabled",
                                    "admin",
                                    "expired",
                                    "session_cap",
                                    "email_verified",
                                ],
                            ),
                        ),
                        _connector="OR",
                    ),
                    name="session_revoked_for_a_reason",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("generation", 0),
                            ("previous_jti", None),
                            ("rotated_at", None),
                            ("rotation_key_hash", None),
                        ),
                        models.Q(
                            ("generation__gt", 0),
                            ("previous_jti__isnull", False),
                            ("rotated_at__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="session_rotated_has_predecessor",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("current_exp__lte", models.F("expires_at"))
                    ),
                    name="session_token_ends_by_end",
                ),
                markrin.db.declared.LibraryIndex(
                    columns="expires_at",
                    library_table="token_blacklist_outstandingtoken",
                    name="token_blacklist_outstanding_expires",
                ),
            ],
        ),
        markrin.db.operations.AddConstraints(
            model_name="wishlistitem",
            constraints=[
                models.UniqueConstraint(
                    fields=("user", "product"), name="wishlist_item_once"
                )
            ],
        ),
    ]
