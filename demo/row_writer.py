"""Rows on their way into the database: gathered by table, then copied."""

from typing import Any

from markrin.db import copy

Row = tuple[Any, ...]

_TIMES = "id created_at updated_at "
_ADDRESS = " recipient phone street city state postal_code country"
COLUMNS = {
    "accounts_user": _TIMES
    + "password email email_verified_at name last_name phone date_of_birth gender role",
    "accounts_user_groups": "user_id group_id",
    "accounts_address": _TIMES + "user_id is_default" + _ADDRESS,
    "accounts_wishlistitem": "user_id product_id created_at",
    "products_category": _TIMES
    + "name slug description image parent_id position tax_percent",
    "products_sizechart": _TIMES + "category_id title note",
    "products_sizechartentry": "chart_id size measure min_cm max_cm row column",
    "products_product": _TIMES
    + "name slug description category_id brand collection gender material base_price"
    " sale_price tags is_featured is_new_arrival status seo_title seo_description in_stock colors sizes stocked_colors"
    " stocked_sizes popularity rated_1 rated_2 rated_3 rated_4 rated_5 fit_small fit_true fit_large source source_ref"
    " source_hash",
    "products_variant": _TIMES + "product_id sku size color position is_active",
    "products_stocklevel": "variant_id on_hand reserved counted_at",
    "products_stockmovement": "variant_id kind d_on_hand d_reserved ref created_at",
    "products_productimage": _TIMES
    + "product_id file external_url alt_text thumbnails width height position",
    "products_review": _TIMES
    + "product_id user_id rating comment fit verified_buyer status",
    "products_purchase": "user_id product_id created_at",
    "orders_coupon": _TIMES
    + "code kind value min_spend starts_at ends_at total_limit per_customer_limit used"
    " is_active",
    "orders_order": _TIMES
    + "number user_id email guest_token_hash language status payment_status payment_method"
    " currency subtotal discount shipping tax tax_included total refunded coupon_code carrier tracking_number"
    " tracking_url expires_at paid_at shipped_at delivered_at closed_at" + _ADDRESS,
    "orders_orderline": "id order_id position variant_id product_id category_id name sku size color image quantity"
    " returned unit_price discount tax_percent tax",
    "orders_orderevent": "order_id kind at from_status to_status by_id actor note is_public request_id",
    "orders_couponuse": "coupon_id order_id customer_key slot",
    "orders_payment": _TIMES
    + "order_id provider provider_ref amount currency state error succeeded_at",
    "orders_refund": _TIMES
    + "order_id payment_id amount reason state provider_ref error by_id finished_at",
    "orders_cart": _TIMES + "user_id token_hash coupon_id",
    "orders_cartline": _TIMES + "cart_id variant_id quantity price_at_add",
    "outbox_event": "event event_id task queue key payload result state attempts max_attempts run_after wake_at"
    " created_at finished_at",
    "analytics_event": "id occurred_at type product_id query results session_key visitor",
}
_BATCH = 20_000  # rows held before they are copied
# A product comes with its ratings, so its reviews must not find it there to be counted
# again; its variants and their stock must, or it stays without their colours and sizes.
_ORDERED = (
    "products_review",
    "products_product",
    "products_variant",
    "products_stocklevel",
)


class RowWriter:
    """Takes rows table by table and copies them. Foreign keys are deferred, so the order of
    tables does not matter, but for those whose triggers write to the product: _ORDERED.

    `counts` says how many rows each table got.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._held = 0
        self.counts: dict[str, int] = {}

    def add(self, table: str, row: Row) -> None:
        """Take a row whose values are in the order of COLUMNS; other columns get their
        model's default.
        """
        self._rows.setdefault(table, []).append(row)
        self._held += 1
        if self._held >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Copy what is held. Part of the caller's transaction."""
        for table in sorted(
            self._rows,
            key=lambda table: _ORDERED.index(table) if table in _ORDERED else -1,
        ):
            rows = self._rows[table]
            copy.copy_rows(table, COLUMNS[table].split(), rows)
            self.counts[table] = self.counts.get(table, 0) + len(rows)
        self._rows.clear()
        self._held = 0
