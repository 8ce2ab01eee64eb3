"""Rules that a constraint states only by half, or not at all: triggers."""

from django.db import migrations

DEFAULT = """
CREATE FUNCTION accounts_address_default() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner uuid := coalesce(NEW.user_id, OLD.user_id);
BEGIN
    -- A unique index refuses a second default; this refuses having addresses and none, at each commit.
    IF EXISTS (SELECT FROM accounts_address WHERE user_id = owner)
       AND NOT EXISTS (SELECT FROM accounts_address WHERE user_id = owner AND is_default) THEN
        RAISE EXCEPTION 'customer % has addresses but no default one', owner
            USING ERRCODE = 'check_violation', CONSTRAINT = 'address_some_default', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_address_default AFTER INSERT OR DELETE OR UPDATE OF is_default, user_id
    ON accounts_address DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_address_default();
"""

EPOCH = """
CREATE FUNCTION accounts_user_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever writes a stale copy of the row back must not revive the sessions that a newer one has ended.
    NEW.auth_epoch := greatest(NEW.auth_epoch, OLD.auth_epoch) + (OLD.is_active AND NOT NEW.is_active)::int;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_user_epoch BEFORE UPDATE OF is_active, auth_epoch ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_user_epoch();
"""

HISTORY = """
CREATE FUNCTION auth_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '180 days' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.ip IS NULL AND NEW.user_agent = '' AND NEW.details = '{}'
       AND to_jsonb(NEW) - '{ip,user_agent,details}'::text[] = to_jsonb(OLD) - '{ip,user_agent,details}'::text[] THEN
        RETURN NEW;  -- its person has been anonymised
    END IF;
    RAISE EXCEPTION 'the log of sign-ins only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'auth_event_append_only', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER auth_event_append_only BEFORE UPDATE OR DELETE ON auth_event
    FOR EACH ROW EXECUTE FUNCTION auth_event_append_only();
"""

# Of the library's table, for the purge.
PURGE = "CREATE INDEX token_blacklist_outstanding_expires ON token_blacklist_outstandingtoken (expires_at);"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_wishlist"),
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]
    operations = [
        migrations.RunSQL(DEFAULT, "DROP FUNCTION accounts_address_default() CASCADE;"),
        migrations.RunSQL(EPOCH, "DROP FUNCTION accounts_user_epoch() CASCADE;"),
        migrations.RunSQL(HISTORY, "DROP FUNCTION auth_event_append_only() CASCADE;"),
        migrations.RunSQL(PURGE, "DROP INDEX token_blacklist_outstanding_expires;"),
    ]
