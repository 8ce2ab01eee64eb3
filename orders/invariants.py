"""What must be true of orders, their money and their stock, for `manage.py verify`."""

from markrin.db.invariants import Invariant
from orders import ledger_accounts
from orders.invoice_invariants import DECIMALS_SQL, INVOICES
from orders.ledger_invariants import LEDGER

_EACH = "placed.id > %(after)s AND placed.id <= %(upto)s"

INVARIANTS = [
    Invariant(
        rule="an order equals its lines",
        table="orders_order",
        query=f"""SELECT placed.id, format('%%s lines; subtotal %%s, discount %%s; lines %%s, %%s',
                n, placed.subtotal, placed.discount, lines.subtotal, lines.discount)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT count(*) AS n, sum(line_total) AS subtotal, sum(discount) AS discount
                FROM orders_orderline WHERE order_id = placed.id) AS lines
            WHERE {_EACH} AND (n = 0 OR (placed.subtotal, placed.discount)
                <> (lines.subtotal, lines.discount))""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="an order's tax = its parts",
        table="orders_order",
        query=f"""SELECT placed.id, format('tax %%s, its parts %%s', placed.tax, parts.amount)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0) AS amount FROM orders_ordertax
                WHERE order_id = placed.id) AS parts
            WHERE {_EACH} AND placed.tax <> parts.amount""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="a line's tax = its parts, each of what was charged",
        table="orders_orderline",
        query=f"""SELECT line.id, format('tax %%s of %%s at %%s %%%%, parts %%s',
                line.tax, line_total - line.discount, tax_percent, parts.amount)
            FROM orders_orderline AS line JOIN orders_order AS placed ON placed.id = line.order_id
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(part.amount), 0) AS amount, coalesce(sum(percent),
                    0) AS percent,
                    coalesce(bool_and(part.amount = round((line_total - line.discount) * percent
                        / CASE WHEN placed.tax_included THEN 100 + tax_percent ELSE 100 END,
                        {DECIMALS_SQL})), true) AS fits,
                    coalesce(bool_and(taxable = line_total - line.discount
                        - CASE WHEN placed.tax_included THEN line.tax ELSE 0 END), true) AS whole
                FROM orders_ordertax AS part WHERE part.line_id = line.id) AS parts
            WHERE line.id > %(after)s AND line.id <= %(upto)s
            AND (line.tax <> parts.amount OR tax_percent <> parts.percent OR NOT fits
                OR NOT whole)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="reserved = the pieces that are still to leave",
        table="products_stocklevel",
        key="variant_id",
        query="""SELECT level.variant_id,
                format('%%s reserved, open orders want %%s', reserved, coalesce(wanted, 0))
            FROM products_stocklevel AS level LEFT JOIN (
                SELECT variant_id, sum(quantity - cancelled - shipped) AS wanted
                FROM orders_orderline
                WHERE variant_id > %(after)s AND variant_id <= %(upto)s
                AND quantity > cancelled + shipped GROUP BY 1) AS orders USING (variant_id)
            WHERE level.variant_id > %(after)s AND level.variant_id <= %(upto)s
            AND level.reserved <> CASE WHEN inventory_policy = 'untracked' THEN 0
                ELSE coalesce(wanted, 0) END""",
    ),
    Invariant(
        rule="a line's pieces are those of its parcels and returns",
        table="orders_orderline",
        query="""SELECT line.id, format('shipped %%s, in parcels %%s; returned %%s, in returns %%s',
                shipped, coalesce(sent, 0), returned, coalesce(back, 0))
            FROM orders_orderline AS line
            LEFT JOIN LATERAL (SELECT sum(piece.quantity) AS sent
                FROM orders_fulfilmentline AS piece
                JOIN orders_fulfilment AS parcel ON parcel.id = piece.fulfilment_id
                WHERE piece.line_id = line.id AND parcel.shipped_at IS NOT NULL) AS parcels ON true
            LEFT JOIN LATERAL (SELECT sum(quantity) AS back FROM orders_returnline
                WHERE line_id = line.id) AS returns ON true
            WHERE line.id > %(after)s AND line.id <= %(upto)s
            AND (shipped, returned) <> (coalesce(sent, 0), coalesce(back, 0))""",
    ),
    Invariant(
        rule="packed pieces are still to leave",
        table="orders_orderline",
        query="""SELECT line.id, format('%%s packed, %%s to leave', packed,
                quantity - cancelled - shipped)
            FROM orders_orderline AS line
            CROSS JOIN LATERAL (SELECT sum(piece.quantity) AS packed
                FROM orders_fulfilmentline AS piece
                JOIN orders_fulfilment AS parcel ON parcel.id = piece.fulfilment_id
                WHERE piece.line_id = line.id AND parcel.status = 'packed') AS parcels
            WHERE line.id > %(after)s AND line.id <= %(upto)s
            AND packed > quantity - cancelled - shipped""",
    ),
    Invariant(
        rule="an order's status is that of its pieces and parcels",
        table="orders_order",
        query=f"""SELECT placed.id, format('is %%s, its pieces say %%s', status, should)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT sum(quantity - cancelled) AS wanted, sum(shipped) AS shipped,
                    sum(returned) AS returned
                FROM orders_orderline WHERE order_id = placed.id) AS pieces
            CROSS JOIN LATERAL (
                SELECT coalesce(bool_or(status = 'shipped'), false) AS under_way,
                    coalesce(bool_or(status = 'undelivered'), false) AS open
                FROM orders_fulfilment WHERE order_id = placed.id) AS parcels
            CROSS JOIN LATERAL (SELECT CASE
                WHEN wanted = 0 THEN 'cancelled'
                WHEN pieces.shipped = 0 AND status IN ('pending', 'confirmed', 'processing')
                    THEN status
                WHEN pieces.shipped = 0 THEN 'not yet shipped'
                WHEN pieces.shipped < wanted THEN 'partially_shipped'
                WHEN returned = wanted THEN 'returned'
                WHEN under_way THEN 'shipped'
                WHEN open THEN 'undelivered'
                ELSE 'delivered' END AS should) AS rule
            WHERE {_EACH} AND status <> should""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="a judged return = the goods that came back with it",
        table="orders_returnrequest",
        query="""SELECT asked.id, format('%%s pieces accepted, %%s came back',
                judged.accepted, coalesce(back.quantity, 0))
            FROM orders_returnrequest AS asked CROSS JOIN LATERAL (
                SELECT sum(sellable + damaged) AS accepted FROM orders_returnrequestline
                WHERE request_id = asked.id) AS judged
            LEFT JOIN LATERAL (SELECT sum(quantity) AS quantity FROM orders_returnline
                WHERE parcel_id = asked.goods_id) AS back ON true
            WHERE asked.id > %(after)s AND asked.id <= %(upto)s
            AND (judged.accepted IS NULL OR judged.accepted <> coalesce(back.quantity, 0))""",
    ),
    Invariant(
        rule="open returns ask for pieces that the customer has",
        table="orders_orderline",
        query="""SELECT line.id, format('%%s asked back, the customer has %%s', asked.quantity,
                shipped - returned)
            FROM orders_orderline AS line CROSS JOIN LATERAL (
                SELECT sum(piece.quantity) AS quantity FROM orders_returnrequestline AS piece
                JOIN orders_returnrequest AS request ON request.id = piece.request_id
                WHERE piece.line_id = line.id
                AND request.status IN ('requested', 'approved', 'received')) AS asked
            WHERE line.id > %(after)s AND line.id <= %(upto)s
            AND asked.quantity > shipped - returned""",
    ),
    Invariant(
        rule="a replacement is reserved while its return is open, and paid once it is judged",
        table="orders_returnrequest",
        query="""SELECT asked.id, format('is %%s, its replacement %%s and %%s', asked.status,
                made.status, made.payment_status)
            FROM orders_returnrequest AS asked
            JOIN orders_order AS made ON made.id = asked.exchange_id
            WHERE asked.id > %(after)s AND asked.id <= %(upto)s
            AND NOT CASE WHEN made.status = 'cancelled' THEN true
                WHEN asked.status IN ('approved', 'received') THEN made.status = 'pending'
                WHEN asked.status = 'completed'
                    THEN made.payment_status IN ('paid', 'refunded') OR made.part_paid > 0
                ELSE false END""",
    ),
    Invariant(
        rule="what an exchange moves leaves one order and pays the other",
        table="orders_refund",
        query="""SELECT moved.id, format('%%s left, %%s arrived', moved.amount,
                coalesce(paid.amount, 0))
            FROM orders_refund AS moved LEFT JOIN LATERAL (
                SELECT sum(amount) AS amount FROM orders_payment
                WHERE order_id = moved.exchange_id AND provider = 'exchange'
                AND state = 'succeeded') AS paid ON true
            WHERE moved.id > %(after)s AND moved.id <= %(upto)s
            AND moved.exchange_id IS NOT NULL AND moved.state = 'succeeded'
            AND moved.amount <> coalesce(paid.amount, 0)""",
    ),
    Invariant(
        rule="an order is where its history says",
        table="orders_order",
        query=f"""SELECT placed.id, format('is %%s, its last step was to %%s', status,
            coalesce(to_status, '-'))
            FROM orders_order AS placed LEFT JOIN LATERAL (
                SELECT to_status FROM orders_orderevent WHERE order_id = placed.id
                    AND kind = 'status'
                ORDER BY at DESC, id DESC LIMIT 1) AS step ON true
            WHERE {_EACH} AND placed.status IS DISTINCT FROM step.to_status""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="refunded = the refunds",
        table="orders_order",
        query=f"""SELECT placed.id, format('refunded %%s, its refunds add up to %%s', refunded,
            coalesce(back, 0))
            FROM orders_order AS placed LEFT JOIN LATERAL (
                SELECT sum(amount) AS back FROM orders_refund
                WHERE order_id = placed.id AND state <> 'failed' AND NOT surplus) AS refunds ON true
            WHERE {_EACH} AND placed.refunded <> coalesce(back, 0)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="paid online = a payment that succeeded",
        table="orders_order",
        query=f"""SELECT placed.id, 'is paid online, but no payment of its total succeeded'
            FROM orders_order AS placed
            WHERE {_EACH} AND placed.payment_method = 'online'
                AND placed.payment_status IN ('paid', 'refunded')
            AND placed.total > placed.waived + placed.gift_card_amount
            AND placed.part_paid = 0
            AND NOT EXISTS (SELECT FROM orders_payment
                WHERE order_id = placed.id AND provider <> 'gift_card'
                AND state = 'succeeded'
                AND amount = placed.total - placed.waived - placed.gift_card_amount)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="what is paid in part is in payments",
        table="orders_order",
        query=f"""SELECT placed.id, format('%%s paid in part, %%s due, its payments say %%s',
                part_paid, due, paid)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT total - waived - gift_card_amount - part_paid AS due) AS rest
            CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS paid FROM orders_payment
                WHERE order_id = placed.id AND state = 'succeeded' AND provider <> 'gift_card'
                AND NOT EXISTS (SELECT FROM orders_refund AS extra
                    WHERE extra.payment_id = orders_payment.id AND extra.surplus)) AS payments
            WHERE {_EACH} AND part_paid > 0
            AND paid <> part_paid + CASE WHEN paid_at IS NULL THEN 0 ELSE due END""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="a coupon's uses are counted",
        table="orders_coupon",
        query="""SELECT coupon.id, format('used %%s, uses %%s', used, n)
            FROM orders_coupon AS coupon
            CROSS JOIN LATERAL (SELECT count(*) AS n FROM orders_orderdiscount AS taken
                WHERE taken.promotion_id = coupon.promotion_id AND taken.code = coupon.code
                AND counts) AS uses
            WHERE coupon.id > %(after)s AND coupon.id <= %(upto)s AND used <> n""",
        lock=(
            "SELECT FROM orders_coupon WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR NO"
            " KEY UPDATE"
        ),
        repair="""UPDATE orders_coupon SET used = (SELECT count(*)
            FROM orders_orderdiscount AS taken
                WHERE taken.promotion_id = orders_coupon.promotion_id
                AND taken.code = orders_coupon.code AND counts)
            WHERE id = ANY(%(keys)s::uuid[])""",
    ),
    Invariant(
        rule="a limited promotion's uses are counted",
        table="orders_promotion",
        query="""SELECT promotion.id, format('used %%s, uses %%s', used, n)
            FROM orders_promotion AS promotion CROSS JOIN LATERAL (
                SELECT count(*) AS n FROM orders_orderdiscount
                WHERE promotion_id = promotion.id AND counts) AS uses
            WHERE promotion.id > %(after)s AND promotion.id <= %(upto)s
            AND total_limit IS NOT NULL AND used <> n""",
        lock=(
            "SELECT FROM orders_promotion WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair="""UPDATE orders_promotion SET used = (SELECT count(*) FROM orders_orderdiscount
                WHERE promotion_id = orders_promotion.id AND counts)
            WHERE id = ANY(%(keys)s::uuid[])""",
    ),
    Invariant(
        rule="no person has used a promotion more often than its limit",
        table="orders_promotion",
        query="""SELECT promotion.id, format('one person has used it %%s times, the limit is %%s',
                n, per_customer_limit)
            FROM orders_promotion AS promotion CROSS JOIN LATERAL (
                SELECT max(uses) AS n FROM (
                    SELECT count(*) AS uses FROM orders_orderdiscount
                    WHERE promotion_id = promotion.id AND counts GROUP BY email_hash
                ) AS by_person) AS most
            WHERE promotion.id > %(after)s AND promotion.id <= %(upto)s
            AND n > per_customer_limit""",
    ),
    Invariant(
        rule="a discount = the shares of its lines, and an order's = its discounts",
        table="orders_order",
        query=f"""SELECT placed.id, format('discount %%s, its promotions took %%s, in shares %%s',
                placed.discount, taken.amount, taken.shares)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0) AS amount, coalesce(sum((
                    SELECT sum(value::numeric) FROM jsonb_each_text(one.shares))), 0) AS shares
                FROM orders_orderdiscount AS one WHERE order_id = placed.id) AS taken
            WHERE {_EACH} AND (placed.discount <> taken.amount
                OR placed.discount <> taken.shares
                OR EXISTS (SELECT FROM orders_orderline AS line WHERE line.order_id = placed.id
                    AND line.discount <> (
                        SELECT coalesce(sum((one.shares ->> line.id::text)::numeric), 0)
                        FROM orders_orderdiscount AS one WHERE one.order_id = placed.id)))""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="a list of postal codes is of its zone's one country",
        table="orders_shippingzone",
        query="""SELECT zone.id, format('%%s codes, countries %%s', listed.n, zone.countries)
            FROM orders_shippingzone AS zone CROSS JOIN LATERAL (
                SELECT count(*) AS n, bool_and(code ~ '^[1-9][0-9]{5}$') AS are_pins
                FROM orders_shippingpostcode WHERE zone_id = zone.id) AS listed
            WHERE zone.id > %(after)s AND zone.id <= %(upto)s AND listed.n > 0
            AND (cardinality(zone.countries) <> 1
                OR zone.countries = '{IN}' AND NOT listed.are_pins)""",
    ),
    Invariant(
        rule="every order of the last 13 days has one confirmation",
        table="orders_order",
        query=f"""SELECT placed.id, 'has no job that confirms it by mail'
            FROM orders_order AS placed
            WHERE {_EACH} AND created_at > now() - interval '13 days'
            AND NOT EXISTS (SELECT FROM outbox_event
                WHERE key = 'orders.confirm_by_mail:' || placed.id)""",  # noqa: S608 (our own text)
    ),
]

INVARIANTS += LEDGER + INVOICES
AT_ONCE = ledger_accounts.AT_ONCE
