"""What must be true of people's accounts, for `manage.py verify`."""

from markrin.db.invariants import Invariant

INVARIANTS = [
    Invariant(
        rule="one default address",
        table="accounts_user",
        query="""SELECT id, format('%%s of %%s addresses are the default', defaults, n) FROM
            accounts_user AS person
            CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE is_default) AS defaults
                FROM accounts_address WHERE user_id = person.id) AS book
            WHERE id > %(after)s AND id <= %(upto)s AND n > 0 AND defaults <> 1""",
        repair="""UPDATE accounts_address SET is_default = (id = (
                SELECT id FROM accounts_address AS newest WHERE newest.user_id =
                    accounts_address.user_id
                ORDER BY is_default DESC, created_at DESC, id DESC LIMIT 1))
            WHERE user_id = ANY(%(keys)s::uuid[])""",
    ),
]
