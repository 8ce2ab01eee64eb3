"""What must be true of the jobs, for `manage.py verify`."""

from markrin.db.invariants import Invariant

INVARIANTS = [
    Invariant(
        rule="no job runs past its lease",
        table="outbox_event",
        query="""SELECT id, format('%%s has been running since %%s', key, started_at)
            FROM outbox_event
            WHERE id > %(after)s AND id <= %(upto)s AND state = 'running'
            AND leased_until < now() - interval '5 minutes'""",
    ),
]
