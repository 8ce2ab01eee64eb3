"""The tables of analytics that SQL of apps above may name, with their columns.

A change of these is a change for others. `make check` refuses SQL that names more
(dev/sql_tables.py)."""

# What a bulk load may fill, such as the demo shop. The order is that of the rows.
LOADABLE: dict[str, str] = {
    "analytics_event": (
        "id occurred_at type product_id query results session_key visitor"
    ),
}
