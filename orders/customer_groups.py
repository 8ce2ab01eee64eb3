"""Who is in a group of customers: chosen by staff, or by the rule of the group, as of the moment
at which it is asked.
"""

from typing import Final

# SQL that is true where the customer `%(user)s` is in the group `named_group`. A guest is in none:
# an address that nobody has shown to be theirs proves nothing. What they spent is what was paid
# for their orders, less what went back.
IS_MEMBER: Final = """(
    EXISTS (SELECT FROM accounts_customergroup_members AS member
        WHERE member.customergroup_id = named_group.id AND member.user_id = %(user)s::uuid)
    OR named_group.by_rule AND %(user)s::uuid IS NOT NULL
    AND (named_group.tags = '{}' OR EXISTS (SELECT FROM orders_customerrecord AS record
        WHERE record.user_id = %(user)s::uuid AND record.tags && named_group.tags))
    AND (named_group.min_spent IS NULL AND named_group.min_orders IS NULL OR (
        SELECT count(*) >= coalesce(named_group.min_orders, 0) AND coalesce(sum(
                CASE WHEN placed.paid_at IS NULL
                    THEN placed.gift_card_amount + placed.part_paid
                    ELSE placed.total - placed.waived END - placed.refunded
            ), 0) >= coalesce(named_group.min_spent, 0)
        FROM orders_order AS placed
        WHERE placed.user_id = %(user)s::uuid AND placed.status <> 'cancelled'
        AND (named_group.within_days IS NULL OR placed.created_at
            > statement_timestamp() - named_group.within_days * interval '1 day')
    )))"""


def is_for_customer(table: str, column: str, owner: str) -> str:
    """Return SQL that is true where no group is named for the row `owner` in this table (whose
    `column` points to the row), or where the customer `%(user)s` is in one of them.
    """
    # constants
    return f"""(NOT EXISTS (SELECT FROM {table} WHERE {column} = {owner})
        OR EXISTS (SELECT FROM {table} AS named
            JOIN accounts_customergroup AS named_group ON named_group.id = named.customergroup_id
            WHERE named.{column} = {owner} AND {IS_MEMBER}))"""  # noqa: S608 (our own text)
