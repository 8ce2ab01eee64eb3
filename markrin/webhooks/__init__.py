"""What other systems learn from the shop: the list of its events, and webhooks that carry them.

    outbox.add(events.OrderPlaced(…)) ── commit ── job webhooks.publish ── WebhookEvent, a snapshot
      ── a WebhookDelivery for each endpoint that wants it ── job webhooks.deliver ── their server

An app says in its `public_events.py` which events others may see, and how their snapshot is made.
"""
