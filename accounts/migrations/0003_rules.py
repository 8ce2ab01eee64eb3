"""A rule that a unique index states only by half: whoever has addresses has exactly one default, at each commit."""

from django.db import migrations

DEFAULT = """
CREATE FUNCTION accounts_address_default() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner uuid := coalesce(NEW.user_id, OLD.user_id);
BEGIN
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


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]
    operations = [
        migrations.RunSQL(DEFAULT, "DROP FUNCTION accounts_address_default() CASCADE;")
    ]
