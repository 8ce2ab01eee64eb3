"""The tables of the outbox that SQL of apps above may name, with their columns.

A change of these is a change for others. `make check` refuses SQL that names more
(dev/sql_tables.py)."""

# What a statement may read.
READABLE: dict[str, str] = {
    "outbox_event": "key",
}
# What a bulk load may fill, such as the demo shop. The order is that of the rows.
LOADABLE: dict[str, str] = {
    "outbox_event": (
        "event event_id task queue key payload result state attempts max_attempts "
        "run_after wake_at created_at finished_at"
    ),
}
