"""The tables of accounts that SQL of apps above may name, with their columns.

A change of these is a change for others. `make check` refuses SQL that names more
(dev/sql_tables.py)."""

# What a statement may read.
READABLE: dict[str, str] = {
    "accounts_user": "id email",
    "accounts_customergroup": ("id by_rule tags min_spent min_orders within_days"),
    "accounts_customergroup_members": "customergroup_id user_id",
    "accounts_address": (
        "id user_id is_default recipient phone street city state state_code postal_code "
        "country"
    ),
}
# What a bulk load may fill, such as the demo shop. The order is that of the rows.
LOADABLE: dict[str, str] = {
    "accounts_user": (
        "id created_at updated_at password email email_verified_at name last_name phone "
        "date_of_birth gender role"
    ),
    "accounts_user_groups": "user_id group_id",
    "accounts_address": (
        "id created_at updated_at user_id is_default recipient phone street city state "
        "state_code postal_code country"
    ),
    "accounts_wishlistitem": "user_id product_id created_at",
}
