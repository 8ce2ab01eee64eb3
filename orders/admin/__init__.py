"""Orders as staff work on them: what to pack, the steps of an order, refunds, coupons.
Services write; pages ask.
"""

from orders.admin import history, orders, rest  # noqa: F401 (importing registers the pages)
