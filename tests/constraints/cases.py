"""What the rules about several rows or columns try by each way in, case by case; and why
some have none.

A case is one or more calls, of which the last is refused; `ONCE` marks those of which the
second changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.constraints.database import Rule

ONCE = 0
NOWHERE = "00000000-0000-7000-8000-000000000003"


@dataclass(frozen=True)
class Calls:
    """A call, made `times`, and what the last must answer: a status, or ONCE for any success."""

    method: str
    path: str
    body: Any = None
    status: int = ONCE
    times: int = 1
    key: str | None = None
    other: Any = None  # another body of the last call


CHART = {
    "title": "T",
    "measures": ["chest"],
    "rows": [{"size": "S", "values": [{"min": "1.0", "max": "2.0"}]}],
}
API: dict[str, Calls] = {
    "accounts_user_email_key": Calls(
        "POST",
        "/api/staff/users",
        {"name": "A", "email": "{email}", "role": "customer"},
        409,
    ),
    "user_email_lower": Calls(
        "PATCH", "/api/auth/profile", {"email": "Asha@B.example"}
    ),
    "wishlist_item_once": Calls("PUT", "/api/wishlist/{product}", times=2),
    "orders_cart_user_id_key": Calls(
        "POST", "/api/cart/items", {"variantId": "{variant}"}, times=2
    ),
    "cart_line_once_per_variant": Calls(
        "POST", "/api/cart/items", {"variantId": "{variant}"}, times=2
    ),
    "orders_coupon_code_key": Calls(
        "POST",
        "/api/staff/coupons",
        {"code": "{code}", "kind": "fixed", "value": "1.00"},
        409,
    ),
    "order_coupon_code_text": Calls(  # what is drawn as nothing is left out of a code
        "POST",
        "/api/orders",
        {"addressId": "{address}", "paymentMethod": "cod", "couponCode": "TEN%"},
        400,
    ),
    "idempotency_key_once": Calls(
        "POST",
        "/api/staff/orders/{paid}/refunds",
        {"amount": "1.00", "reason": "a"},
        422,
        times=2,
        key="the-same",
        other={"amount": "2.00", "reason": "a"},
    ),
    "category_name_once_per_parent": Calls(
        "POST", "/api/categories", {"name": "{category_name}"}, 409
    ),
    "products_category_slug_key": Calls(
        "POST", "/api/categories", {"name": "New", "slug": "{category_slug}"}, 409
    ),
    "products_collection_slug_key": Calls(
        "POST", "/api/staff/collections", {"name": "New", "slug": "taken"}, 409
    ),
    "collection_rule_says_something": Calls(
        "POST", "/api/staff/collections", {"name": "New", "byRule": True}, 422
    ),
    "collection_prices_in_order": Calls(
        "POST",
        "/api/staff/collections",
        {"name": "New", "minPrice": "2.00", "maxPrice": "1.00"},
        422,
    ),
    "products_collection.category_id": Calls(
        "POST",
        "/api/staff/collections",
        {"name": "New", "categoryId": NOWHERE},
        422,
    ),
    "products_product_slug_key": Calls(
        "POST",
        "/api/products",
        {
            "name": "New",
            "slug": "{product_slug}",
            "categoryId": "{category}",
            "basePrice": "1.00",
        },
        409,
    ),
    "products_variant_sku_key": Calls(
        "POST",
        "/api/products/{product}/variants",
        {"sku": "{sku}", "size": "zz"},
        409,
    ),
    "variant_once_per_product": Calls(
        "POST",
        "/api/products/{product}/variants",
        {"sku": "ZZ-1", "size": "{size}", "color": "Black"},
        409,
    ),
    "review_once_per_customer": Calls(
        "POST", "/api/products/{product}/reviews", {"rating": 5}, 409, times=2
    ),
    "products_sizechart_category_id_key": Calls(
        "POST", "/api/size-charts", CHART | {"categoryId": "{charted}"}, 409
    ),
    "size_chart_entry_once": Calls(
        "POST",
        "/api/size-charts",
        CHART
        | {"categoryId": "{category}", "rows": [*CHART["rows"], *CHART["rows"]]},
        400,
    ),
    "product_image_one_per_position": Calls(
        "PUT",
        "/api/products/{product}/images/order",
        {"ids": ["{image}", "{image}"]},
        400,
    ),
    "back_in_stock_request_once": Calls(
        "POST", "/api/products/{sold_out}/variants/{none_left}/notify", {}, times=2
    ),
    "address_one_default": Calls(
        "PATCH", "/api/addresses/{second}", {"isDefault": True}, times=2
    ),
    "address_some_default": Calls(
        "PATCH", "/api/addresses/{address}", {"isDefault": False}, 422
    ),
    "payment_one_open_per_order": Calls(
        "POST", "/api/orders/{online}/payments", times=2, key="pay"
    ),
    "return_line_once_per_return": Calls(
        "POST",
        "/api/staff/orders/{paid}/returns",
        {"reason": "a", "lines": [{"lineId": "{line}", "quantity": 1}] * 2},
        400,
    ),
    "analytics_event_pkey": Calls(
        "POST",
        "/api/analytics/events",
        {
            "events": [
                {
                    "id": NOWHERE,
                    "type": "checkout_started",
                    "at": "{now}",
                    "sessionKey": "a" * 8,
                }
            ]
        },
        times=2,
    ),
    "category_not_its_own_parent": Calls(
        "PATCH", "/api/categories/{category}", {"parentId": "{category}"}, 422
    ),
    "category_tree_without_cycles": Calls(
        "PATCH", "/api/categories/{category}", {"parentId": "{below}"}, 422
    ),
    "category_tree_at_most_8_deep": Calls(
        "POST", "/api/categories", {"name": "Nine", "parentId": "{eighth}"}, 422
    ),
    "order_status_transition": Calls(
        "POST", "/api/staff/orders/{order}/transition", {"status": "delivered"}, 409
    ),
    "order_payment_transition": Calls(
        "POST", "/api/staff/orders/{refunded}/cash", {}, 409
    ),
    "order_refunded_within_total": Calls(
        "POST",
        "/api/staff/orders/{paid}/refunds",
        {"amount": "99999.00", "reason": "a"},
        422,
        key="much",
    ),
    "coupon_used_within_limit": Calls(
        "PATCH", "/api/staff/coupons/{used_coupon}", {"totalLimit": 1}, 400
    ),
    "stock_level_on_hand_range": Calls(
        "POST",
        "/api/staff/variants/{variant}/adjust",
        {"delta": -1000, "note": "a"},
        409,
    ),
    "stock_level_reserved_on_hand": Calls(
        "POST",
        "/api/staff/variants/{ordered}/adjust",
        {"delta": -9, "note": "a"},
        409,
    ),
    # What is pointed at stands in the path or the body.
    "accounts_wishlistitem.product_id": Calls(
        "PUT", f"/api/wishlist/{NOWHERE}", None, 404
    ),
    "orders_cartline.variant_id": Calls(
        "POST", "/api/cart/items", {"variantId": NOWHERE}, 422
    ),
    "orders_order.address": Calls(
        "POST", "/api/orders", {"addressId": NOWHERE, "paymentMethod": "cod"}, 422
    ),
    "orders_orderevent.order_id": Calls(
        "POST", f"/api/staff/orders/{NOWHERE}/notes", {"note": "a"}, 404
    ),
    "orders_payment.order_id": Calls(
        "POST", f"/api/orders/{NOWHERE}/payments", None, 404, key="x"
    ),
    "orders_refund.order_id": Calls(
        "POST",
        f"/api/staff/orders/{NOWHERE}/refunds",
        {"reason": "a"},
        404,
        key="x",
    ),
    "orders_return.order_id": Calls(
        "POST", f"/api/staff/orders/{NOWHERE}/returns", {"reason": "a"}, 404
    ),
    "orders_returnline.line_id": Calls(
        "POST",
        "/api/staff/orders/{paid}/returns",
        {"reason": "a", "lines": [{"lineId": NOWHERE, "quantity": 1}]},
        422,
    ),
    "products_backinstockrequest.variant_id": Calls(
        "POST", f"/api/products/{{product}}/variants/{NOWHERE}/notify", {}, 404
    ),
    "products_category.parent_id": Calls(
        "POST", "/api/categories", {"name": "New", "parentId": NOWHERE}, 422
    ),
    "products_product.category_id": Calls(
        "POST",
        "/api/products",
        {"name": "New", "categoryId": NOWHERE, "basePrice": "1.00"},
        422,
    ),
    "products_product.tax_class_id": Calls(
        "PATCH", "/api/products/{product}", {"taxClass": "nosuch"}, 422
    ),
    "products_category.tax_class_id": Calls(
        "PATCH", "/api/categories/{category}", {"taxClass": "nosuch"}, 422
    ),
    "products_review.product_id": Calls(
        "POST", f"/api/products/{NOWHERE}/reviews", {"rating": 5}, 404
    ),
    "products_sizechart.category_id": Calls(
        "POST", "/api/size-charts", CHART | {"categoryId": NOWHERE}, 422
    ),
    "products_stockmovement.variant_id": Calls(
        "POST",
        f"/api/staff/variants/{NOWHERE}/adjust",
        {"delta": 1, "note": "a"},
        404,
    ),
    "products_variant.product_id": Calls(
        "POST", f"/api/products/{NOWHERE}/variants", {"sku": "ZZ-2"}, 404
    ),
}

# A page's form: the fields to set. `{…}` is what the world calls so.
ADMIN: dict[str, dict[str, str]] = {
    "accounts_user_email_key": {"email": "'{email}'"},
    "orders_carrier_name_key": {"name": "'Taken'"},
    "orders_shippingzone_name_key": {"name": "'Taken'"},
    "orders_holiday_day_key": {"day": "'2026-12-25'"},
    "color_once_by_name": {"name": "'taken'"},
    "ignored_word_once": {"word": "'TAKEN'"},
    "search_pin_once_per_product": {"query": "'taken'"},
    "products_searchpin.product_id": {"product": f"'{NOWHERE}'"},
    "accounts_customergroup_name_key": {"name": "'{group_name}'"},
    "category_name_once_per_parent": {"name": "'{category_name}'", "parent": "''"},
    "products_category_slug_key": {"slug": "'{category_slug}'"},
    "products_collection_slug_key": {"slug": "'taken'"},
    "collection_rule_says_something": {"by_rule": "true"},
    "collection_prices_in_order": {"min_price": "2", "max_price": "1"},
    "products_collection.category_id": {"category": f"'{NOWHERE}'"},
    "customer_group_rule_says_something": {"by_rule": "true"},
    "products_product_slug_key": {"slug": "'{product_slug}'"},
    "page_slug_once_per_language": {"slug": "'start'"},
    "page_one_home_per_language": {"kind": "'home'"},
    "storefront_redirect_path_key": {"path": "'/taken'"},
    "products_variant_sku_key": {"sku": "'{other_sku}'"},
    "products_sizechart_category_id_key": {"category": "'{charted}'"},
    "products_taxclass_code_key": {"code": "'{tax_class_code}'"},
    "tax_class_one_default": {"is_default": "true"},
    "orders_taxzone_name_key": {"name": "'{zone_name}'"},
    "orders_confirmedtaxid_tax_id_key": {"tax_id": "'{tax_id}'"},
    "tax_rate_one_a_day": {"tax_class": "'{tax_class}'"},
    "orders_taxrate.zone_id": {"zone": f"'{NOWHERE}'"},
    "orders_taxrate.tax_class_id": {"tax_class": f"'{NOWHERE}'"},
    "orders_taxsettings.fees_class_id": {"fees_class": f"'{NOWHERE}'"},
    "orders_taxsettings.shipping_class_id": {"shipping_class": f"'{NOWHERE}'"},
    "category_tree_without_cycles": {"parent": "'{below}'"},
    "category_tree_at_most_8_deep": {"parent": "'{eighth}'"},
    "category_not_its_own_parent": {"parent": "'{category}'"},
    "products_category.parent_id": {"parent": f"'{NOWHERE}'"},
    "products_product.category_id": {"category": f"'{NOWHERE}'"},
    "products_sizechart.category_id": {"category": f"'{NOWHERE}'"},
}

# Why a rule has no way in, by rule, or by table for all that have neither a case above nor a
# field in a body or form.
LIBRARIES = (
    "auth_group",
    "auth_permission",
    "django_",
    "otp_",
    "token_blacklist_",
    "celery_",
)
SERVICES = {
    "accounts_user": "the column is written by the services of signing in",
    "accounts_user_groups": "groups are chosen from a list; a service sets them",
    "accounts_user_user_permissions": "nobody has permissions of their own: groups do",
    "accounts_address": "the column is the signed-in user, or a default",
    "accounts_wishlistitem": "the row is the signed-in user's, and has no other columns",
    "accounts_apikey": (
        "keys are made by a form of their own (tests/accounts/test_api_keys.py), and the"
        " rest is the service's"
    ),
    "products_pricehistory": "written by a change of prices",
    "auth_session": "sessions are written by sign-in and refresh",
    "auth_mail_token": "tokens are made by the server",
    "auth_event": "the log is written by services, and only grows",
    "analytics_event": "the column is made by the server from those that are sent",
    "analytics_dailysales": "figures are computed",
    "analytics_dailyproduct": "figures are computed",
    "analytics_dailyfunnel": "figures are computed",
    "analytics_dailysearch": "figures are computed",
    "analytics_dailyvariant": "figures are computed",
    "analytics_dailycategory": "figures are computed",
    "analytics_reportsnapshot": "figures are computed",
    "analytics_dirtyday": "figures are computed",
    "analytics_visitorsalt": "salts are made by the server",
    "webhook_endpoint": (
        "webhooks are sent to public addresses, so no test's body or form makes one"
        " (tests/webhooks); failures and times are the server's"
    ),
    "webhook_event": "written by the job that publishes it",
    "webhook_delivery": "written by the job that publishes its event, and by sending it",
    "webhook_attempt": "written by sending",
    "data_version": "written by triggers only",
    "heartbeat": "written by the processes themselves",
    "outbox_event": "jobs are added by services",
    "outbox_pause": "written by the worker, and by `manage.py outbox`",
    "orders_cart": "a cart is the caller's, found by session or token",
    "orders_cartline": "prices and owners are the server's",
    "orders_carrier": "times are the server's",
    "storefront_page": "times are the server's",
    "storefront_redirect": "times are the server's",
    "orders_pastorder": "written by imports alone",
    "products_picturefetch": "written by imports and their jobs",
    "products_importedvalues": "written by imports alone",
    "storefront_productfeed": "written with its file, by a job",
    "orders_fulfilment": (
        "parcels are written by their steps (tests/orders/test_fulfilments.py)"
    ),
    "orders_fulfilmentline": "pieces are counted under the order's lock",
    "accounts_customergroup": "the column is the server's",
    "accounts_customergroup_members": "members are chosen from a list",
    "orders_coupon": (
        "codes are made by a step of their promotion; uses are counted by checkout"
    ),
    "orders_customerrecord": (
        "its customer is chosen when it is made, once (tests/orders/test_order_edits.py)"
    ),
    "orders_draftorder": (
        "customer, cart and staff are the server's, as is a state's code, found from its name"
    ),
    "orders_orderattachment": (
        "made from the file that is sent (tests/orders/test_order_edits.py)"
    ),
    "orders_orderdiscount": "written by checkout, from what the quote says",
    "orders_promotion": (
        "the column is the server's, or an effect that only the admin offers"
    ),
    "orders_promotion_products": "chosen from a list",
    "orders_promotion_categories": "chosen from a list",
    "orders_promotion_collections": "chosen from a list",
    "orders_shippingmethod_customer_groups": "chosen from a list",
    "orders_taxsettings_exempt_groups": "chosen from a list",
    "products_product_also_in": (
        "locked before the row is written (tests/products/test_collections.py)"
    ),
    "products_collectionproduct": (
        "places are counted by the service (tests/products/test_collections.py)"
    ),
    "products_collection": "the column is the server's",
    "orders_promotion_customer_groups": "chosen from a list",
    "orders_promotiontier": (
        "the rows of a promotion's own page (tests/admin/test_promotions.py)"
    ),
    "orders_idempotencykey": "scope, fingerprint and result are the server's",
    "orders_order": (
        "amounts, numbers, states and times are computed by checkout and the steps of"
        " an order"
    ),
    "orders_orderline": "lines are a snapshot that checkout takes",
    "orders_orderevent": "events are written by the steps of an order",
    "orders_ordertax": "written by checkout, from what the quote says",
    "orders_shippingzone": (
        "the column is the server's, or an array (tests/admin/test_shipping.py)"
    ),
    "orders_shippingmethod": (
        "the rows of a zone's own page (tests/admin/test_shipping.py)"
    ),
    "orders_shippingstep": (
        "written as text on a zone's page (tests/admin/test_shipping.py)"
    ),
    "orders_shippingpostcode": (
        "lists are uploaded on a page of their own (tests/admin/test_shipping.py)"
    ),
    "orders_holiday": "the column is the server's",
    "orders_taxpart": "the rows of a rate's own page (tests/admin/test_taxes.py)",
    "orders_taxrate": "the column is the server's",
    "orders_taxzone": "the column is the server's",
    "orders_taxsettings": (
        "there is one row, made by the preset; the column is the server's"
    ),
    "orders_confirmedtaxid": "the column is the signed-in member of staff, or the server's",
    "products_taxclass": "the column is the server's",
    "orders_payment": "payments are started by the server and settled by signed webhooks",
    "orders_paymentevent": "written from signed webhooks",
    "orders_refund": "states and times are written by settling",
    "orders_dispute": "written from signed webhooks and the provider's lists",
    "orders_payout": "written from the provider's lists",
    "orders_reconciliation": "written by the nightly comparison",
    "orders_difference": (
        "written by the nightly comparison; staff only say how it was settled"
    ),
    "orders_monthclosing": "written once, by the service that closes a month",
    "orders_invoice": "written by the services that send parcels and move money",
    "orders_invoicefile": "written by the job that renders it",
    "orders_invoiceline": "written with its invoice",
    "orders_invoiceseries": "counted by the service that numbers invoices",
    "orders_giftcard": (
        "issued by a form of its own, changed by steps (tests/admin/test_gift_cards.py)"
    ),
    "orders_giftcardentry": "written by the services that move what is on a card",
    "orders_ledgerentry": "written by the services that move money",
    "orders_ledgerline": "written by the services that move money",
    "orders_refusedorder": "written by checkout; staff only allow or dismiss",
    "orders_return": "the rest is written by the service",
    "orders_returnline": "the rest is written by the service",
    "orders_returnrequest": (
        "a return takes its steps in tests/orders/test_return_requests.py; numbers, times and"
        " references are the service's"
    ),
    "orders_returnrequestline": (
        "the pieces are checked against what the customer has, before the row is written"
    ),
    "products_bulkchange": (
        "chosen from lists in a form of its own"
        " (tests/admin/test_catalogue_bulk.py); counts and "
        "states are the service's"
    ),
    "products_bulkchangerow": "written by the service from what the products are",
    "products_importjob": (
        "chosen in a form of its own (tests/admin/test_import_jobs.py); states, counts and why it"
        " is refused are the service's"
    ),
    "products_importpart": "a part of an upload, whose number the service checks",
    "products_importline": "written by the service as an import goes on",
    "products_importfile": (
        "a file that waits for its import: name and content are the page's"
    ),
    "shop_admin_savedfilter": (
        "the page's own address and filters, kept when staff leave it"
    ),
    "shop_admin_savedexport": (
        "named in a form of its own (tests/admin); its columns are chosen from a list"
    ),
    "products_backinstockrequest": "the rest is written by the service",
    "products_category": "the column is written by a trigger, or is a stored file's name",
    "products_feed": (
        "counters and states are written by applying it; a feed is a file, tried in"
        " tests/products"
    ),
    "products_feedrow": "rows are staged from a file, where bad ones are kept as rejected",
    "products_feedpull": "written by the scheduled fetch",
    "products_lowstock": "written by the alert",
    "products_formerslug": "written when a slug changes",
    "products_product": (
        "the column is generated, counted by triggers, or written by imports"
    ),
    "products_productimage": (
        "files, sizes and thumbnails are made from the uploaded picture;"
        " positions are counted"
    ),
    "products_purchase": "written on delivery",
    "products_review": "the column is the server's",
    "products_facetbitmap": "folded from what changed",
    "products_facetchange": "written by triggers",
    "products_facetnumber": "given by the folding",
    "products_searchword": "written from the catalogue's own words",
    "products_searchpin": "times are the server's",
    "products_color": "times are the server's",
    "products_ignoredword": "times are the server's",
    "products_synonymgroup": "times are the server's",
    "products_sizechart": "the column is the server's",
    "products_sizechartentry": "places in the table are counted",
    "products_stocklevel": "levels only move, by services/stock.py",
    "products_stockmovement": "kind, ref and reserved pieces are the service's",
    "products_variant": "the column is the server's, or chosen by the path",
}


def reason(rule: Rule) -> str | None:
    """Return why a rule has no way in but raw SQL, or None if nobody has said."""
    if rule.table.startswith(LIBRARIES):
        return "a library's table: no body, and no form of ours"
    if rule.kind == "p":
        return "ids are made by the server"
    return SERVICES.get(rule.table)


def fill(value: Any, named: dict[str, str]) -> Any:
    """Return `value` with every `{name}` in it replaced."""
    if isinstance(value, dict):
        return {key: fill(inner, named) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, named) for inner in value]
    return value.format(**named) if isinstance(value, str) else value
