"""The triggers of the tables of accounts; the models' `Meta` names each."""

from markrin.db.triggers import Trigger, only_grows

SOME_DEFAULT_ADDRESS = Trigger(
    name="accounts_address_default",
    when="AFTER INSERT OR DELETE OR UPDATE OF is_default, user_id",
    deferred=True,
    body="""
DECLARE
    owner uuid := coalesce(NEW.user_id, OLD.user_id);
BEGIN
    -- A unique index refuses a second default; this refuses addresses without one, at commit.
    IF EXISTS (SELECT FROM accounts_address WHERE user_id = owner)
       AND NOT EXISTS (SELECT FROM accounts_address WHERE user_id = owner AND is_default) THEN
        RAISE EXCEPTION 'customer % has addresses but no default one', owner
            USING ERRCODE = 'check_violation', CONSTRAINT = 'address_some_default',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END""",
)

EPOCH_ONLY_GROWS = Trigger(
    name="accounts_user_epoch",
    when="BEFORE UPDATE OF is_active, auth_epoch",
    body="""
BEGIN
    -- Writing back a stale copy of the row must not revive sessions that a newer one has ended.
    NEW.auth_epoch := greatest(NEW.auth_epoch, OLD.auth_epoch)
        + (OLD.is_active AND NOT NEW.is_active)::int;
    RETURN NEW;
END""",
)

AUTH_EVENTS_ONLY_GROW = only_grows(
    name="auth_event_append_only",
    constraint="auth_event_append_only",
    noun="the log of sign-ins",
    but="""\
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '180 days' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.ip IS NULL AND NEW.user_agent = '' AND NEW.details = '{}'
       AND to_jsonb(NEW) - '{ip,user_agent,details}'::text[]
           = to_jsonb(OLD) - '{ip,user_agent,details}'::text[] THEN
        RETURN NEW;  -- its person has been anonymised
    END IF;""",
)
