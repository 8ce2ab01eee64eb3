"""What must be true of webhooks, for `manage.py verify`."""

from markrin.db.invariants import Invariant

INVARIANTS = [
    Invariant(
        rule="what waits to be delivered has a job",
        table="webhook_delivery",
        query="""SELECT d.id, 'it waits, and no job will send it' FROM webhook_delivery d
            WHERE d.id > %(after)s AND d.id <= %(upto)s AND d.state = 'waiting'
            AND d.due_at < now() - interval '1 minute'
            AND NOT EXISTS (SELECT FROM outbox_event e
                WHERE e.key = format('webhooks.deliver:%%s:%%s', d.id, d.turn)
                AND (e.state IN ('waiting', 'running')
                    -- a dead one sends nothing; the delivery is given up within minutes
                    OR e.state = 'dead' AND e.finished_at > now() - interval '15 minutes'))""",
    ),
]
