"""The tables of orders that SQL of apps above may name, with their columns.

A change of these is a change for others. `make check` refuses SQL that names more
(dev/sql_tables.py)."""

# What a statement may read.
READABLE: dict[str, str] = {
    "orders_order": (
        "id number user_id email status total waived refunded currency created_at"
    ),
    "orders_orderline": (
        "id order_id variant_id product_id category_id quantity cancelled returned "
        "line_total discount"
    ),
    "orders_orderevent": "order_id at",
    "orders_promotion": "id name",
    "orders_orderdiscount": (
        "order_id promotion_id amount shipping_amount counts email_hash"
    ),
    "orders_giftcard": "id kind currency",
    "orders_giftcardentry": "card_id kind amount at",
    "orders_payment": (
        "id order_id provider provider_ref charge_ref amount currency state succeeded_at"
    ),
    "orders_refund": (
        "id order_id payment_id amount state provider_ref finished_at"
    ),
    "orders_payout": "provider provider_ref amount fees currency failed paid_at",
    "orders_invoice": "id kind currency issued_at",
    "orders_invoiceline": "id invoice_id line_id charged",
    "orders_ledgerentry": "id kind at order_id",
    "orders_ledgerline": "entry_id account amount currency",
}
# What a bulk load may fill, such as the demo shop. The order is that of the rows.
LOADABLE: dict[str, str] = {
    "orders_promotion": (
        "id created_at updated_at name needs_code kind percent amount min_spend starts_at "
        "ends_at per_customer_limit is_active"
    ),
    "orders_coupon": "id created_at updated_at promotion_id code total_limit used",
    "orders_orderdiscount": (
        "id order_id position promotion_id name code amount shipping_amount shares counts "
        "user_id email_hash"
    ),
    "orders_order": (
        "id created_at updated_at number user_id email guest_token_hash language status "
        "payment_status payment_method currency subtotal discount shipping tax "
        "tax_included supply_country supply_state total refunded coupon_code "
        "expires_at paid_at shipped_at delivered_at closed_at recipient phone street "
        "city state state_code postal_code country"
    ),
    "orders_orderline": (
        "id order_id position variant_id product_id category_id name sku size color "
        "image quantity cancelled shipped returned unit_price discount tax_class "
        "tax_percent tax"
    ),
    "orders_ordertax": "order_id line_id of position name percent taxable amount",
    "orders_orderevent": (
        "order_id kind at from_status to_status by_id actor note is_public request_id"
    ),
    "orders_carrier": "id created_at updated_at name url_pattern is_active",
    "orders_fulfilment": (
        "id created_at updated_at order_id position status carrier tracking_number "
        "tracking_url attempts shipped_at delivered_at"
    ),
    "orders_fulfilmentline": "id fulfilment_id line_id quantity",
    "orders_return": "id created_at updated_at order_id reason by_id",
    "orders_returnline": "id parcel_id line_id quantity restocked",
    "orders_payment": (
        "id created_at updated_at order_id provider provider_ref amount currency state "
        "error succeeded_at"
    ),
    "orders_refund": (
        "id created_at updated_at order_id payment_id amount reason state provider_ref "
        "error by_id finished_at"
    ),
    "orders_invoice": (
        "id kind series issued_at issued_on order_id fulfilment_id original_id cause reason "
        "currency taxable tax total supply_country supply_state data"
    ),
    "orders_invoiceline": (
        "id invoice_id position of line_id original_id name unit quantity percent charged tax "
        "taxes"
    ),
    "orders_cart": "id created_at updated_at user_id token_hash coupon_codes",
    "orders_cartline": (
        "id created_at updated_at cart_id variant_id quantity price_at_add"
    ),
}
