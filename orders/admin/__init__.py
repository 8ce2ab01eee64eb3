"""Orders as staff work on them: what to pack, the steps of an order, refunds, coupons.

The pages ask; the services write. Importing these files registers their pages.
"""

from orders.admin import (  # noqa: F401
    audit_source,
    carts,
    closings,
    drafts,
    fulfilments,
    gift_cards,
    idempotency,
    invoices,
    money,
    orders,
    paperwork,
    past_orders,
    payments,
    promotions,
    refunds,
    refused_orders,
    return_requests,
    returns,
    shipping,
    taxes,
)
