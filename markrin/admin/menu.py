"""The admin's menu, ordered by tasks, with only what the user may open (UNFOLD's SIDEBAR)."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

Entry = tuple[str, str, str, str, str]  # title, icon, page, query, permission
# A page is a URL's name in the admin; one that an app does not have is left out.
_MENU: list[tuple[str, list[Entry]]] = [
    ("", [("Dashboard", "dashboard", "index", "", "")]),
    (
        "Orders",
        [
            (
                "To confirm",
                "task_alt",
                "orders_order_queue:confirm",
                "",
                "orders.view_order",
            ),
            (
                "To pack",
                "package_2",
                "orders_order_queue:pack",
                "",
                "orders.view_order",
            ),
            (
                "To send",
                "local_shipping",
                "orders_order_queue:send",
                "",
                "orders.view_order",
            ),
            (
                "Undelivered",
                "wrong_location",
                "orders_order_queue:undelivered",
                "",
                "orders.view_order",
            ),
            (
                "Returns to judge",
                "assignment_returned",
                "orders_order_queue:returns",
                "",
                "orders.view_order",
            ),
            (
                "By telephone",
                "call",
                "orders_draftorder_changelist",
                "",
                "orders.view_draftorder",
            ),
            (
                "Refused by a limit",
                "front_hand",
                "orders_refusedorder_changelist",
                "state__exact=open",
                "orders.view_refusedorder",
            ),
            (
                "Orders",
                "receipt_long",
                "orders_order_changelist",
                "",
                "orders.view_order",
            ),
            (
                "Refunds",
                "currency_exchange",
                "orders_refund_changelist",
                "",
                "orders.view_refund",
            ),
            (
                "Returns",
                "assignment_return",
                "orders_return_changelist",
                "",
                "orders.view_return",
            ),
            (
                "Payments",
                "payments",
                "orders_payment_changelist",
                "",
                "orders.view_payment",
            ),
            (
                "Promotions",
                "sell",
                "orders_promotion_changelist",
                "",
                "orders.view_promotion",
            ),
            (
                "Coupons",
                "sell",
                "orders_coupon_changelist",
                "",
                "orders.view_coupon",
            ),
            (
                "Gift cards",
                "card_giftcard",
                "orders_giftcard_changelist",
                "",
                "orders.view_giftcard",
            ),
        ],
    ),
    (
        "Money",
        [
            (
                "Differences",
                "difference",
                "orders_difference_changelist",
                "open=1",
                "orders.view_difference",
            ),
            (
                "Reconciliations",
                "fact_check",
                "orders_reconciliation_changelist",
                "",
                "orders.view_reconciliation",
            ),
            (
                "Disputes",
                "gavel",
                "orders_dispute_changelist",
                "",
                "orders.view_dispute",
            ),
            (
                "Payouts",
                "account_balance",
                "orders_payout_changelist",
                "",
                "orders.view_payout",
            ),
            (
                "Invoices",
                "receipt_long",
                "orders_invoice_changelist",
                "",
                "orders.view_invoice",
            ),
            (
                "Tax report",
                "percent",
                "orders_tax_report",
                "",
                "orders.view_monthclosing",
            ),
            (
                "Closed months",
                "lock_clock",
                "orders_monthclosing_changelist",
                "",
                "orders.view_monthclosing",
            ),
            (
                "Ledger",
                "book",
                "orders_ledgerentry_changelist",
                "",
                "orders.view_ledgerentry",
            ),
        ],
    ),
    (
        "Shipping",
        [
            (
                "Zones",
                "local_shipping",
                "orders_shippingzone_changelist",
                "",
                "orders.view_shippingzone",
            ),
            (
                "Holidays",
                "event_busy",
                "orders_holiday_changelist",
                "",
                "orders.view_holiday",
            ),
        ],
    ),
    (
        "Taxes",
        [
            (
                "Rates",
                "percent",
                "orders_taxrate_changelist",
                "",
                "orders.view_taxrate",
            ),
            (
                "Zones",
                "public",
                "orders_taxzone_changelist",
                "",
                "orders.view_taxzone",
            ),
            (
                "Classes",
                "category_search",
                "products_taxclass_changelist",
                "",
                "products.view_taxclass",
            ),
            (
                "Registration",
                "account_balance",
                "orders_taxsettings_changelist",
                "",
                "orders.view_taxsettings",
            ),
            (
                "Confirmed tax numbers",
                "verified",
                "orders_confirmedtaxid_changelist",
                "",
                "orders.view_confirmedtaxid",
            ),
        ],
    ),
    (
        "Catalogue",
        [
            (
                "Products",
                "apparel",
                "products_product_changelist",
                "",
                "products.view_product",
            ),
            (
                "Bulk changes",
                "edit_note",
                "products_bulkchange_changelist",
                "",
                "products.view_bulkchange",
            ),
            (
                "Imports",
                "upload_file",
                "products_importjob_changelist",
                "",
                "products.view_importjob",
            ),
            (
                "Categories",
                "category",
                "products_category_changelist",
                "",
                "products.view_category",
            ),
            (
                "Collections",
                "auto_awesome_motion",
                "products_collection_changelist",
                "",
                "products.view_collection",
            ),
            (
                "Colours",
                "palette",
                "products_color_changelist",
                "",
                "products.view_color",
            ),
            (
                "Synonyms",
                "join_inner",
                "products_synonymgroup_changelist",
                "",
                "products.view_synonymgroup",
            ),
            (
                "Ignored words",
                "search_off",
                "products_ignoredword_changelist",
                "",
                "products.view_ignoredword",
            ),
            (
                "Search pins",
                "keep",
                "products_searchpin_changelist",
                "",
                "products.view_searchpin",
            ),
            (
                "Size charts",
                "straighten",
                "products_sizechart_changelist",
                "",
                "products.view_sizechart",
            ),
            (
                "Reviews",
                "reviews",
                "products_review_changelist",
                "",
                "products.view_review",
            ),
        ],
    ),
    (
        "Storefront",
        [
            (
                "Pages",
                "article",
                "storefront_page_changelist",
                "",
                "storefront.view_page",
            ),
            (
                "Redirects",
                "alt_route",
                "storefront_redirect_changelist",
                "",
                "storefront.view_redirect",
            ),
        ],
    ),
    (
        "Stock",
        [
            (
                "Variants",
                "inventory_2",
                "products_variant_changelist",
                "",
                "products.view_variant",
            ),
            (
                "Movements",
                "swap_vert",
                "products_stockmovement_changelist",
                "",
                "products.view_stockmovement",
            ),
            ("Feeds", "sync", "products_feed_changelist", "", "products.view_feed"),
            (
                "Low stock",
                "production_quantity_limits",
                "products_lowstock_changelist",
                "",
                "products.view_lowstock",
            ),
        ],
    ),
    (
        "Figures",
        [
            (
                "Reports",
                "monitoring",
                "analytics_report:sales",
                "",
                "analytics.view_dailysales",
            ),
            (
                "By day",
                "calendar_month",
                "analytics_dailysales_changelist",
                "",
                "analytics.view_dailysales",
            ),
        ],
    ),
    (
        "People",
        [
            (
                "Customers",
                "group",
                "accounts_user_changelist",
                "role__exact=customer",
                "accounts.view_user",
            ),
            (
                "Staff",
                "badge",
                "accounts_user_changelist",
                "role__exact=staff",
                "accounts.change_user",
            ),
            (
                "Customer groups",
                "groups",
                "accounts_customergroup_changelist",
                "",
                "accounts.view_customergroup",
            ),
            (
                "Groups",
                "shield_person",
                "auth_group_changelist",
                "",
                "auth.view_group",
            ),
            (
                "Sign-ins",
                "passkey",
                "accounts_authevent_changelist",
                "",
                "accounts.view_authevent",
            ),
        ],
    ),
    (
        "Plugged in",
        [
            (
                "Webhooks",
                "webhook",
                "webhooks_webhookendpoint_changelist",
                "",
                "webhooks.view_webhookendpoint",
            ),
            (
                "Product feeds",
                "rss_feed",
                "storefront_productfeed_changelist",
                "",
                "storefront.view_productfeed",
            ),
            (
                "Deliveries",
                "outgoing_mail",
                "webhooks_webhookdelivery_changelist",
                "",
                "webhooks.view_webhookdelivery",
            ),
            (
                "Events",
                "event_note",
                "webhooks_webhookevent_changelist",
                "",
                "webhooks.view_webhookevent",
            ),
        ],
    ),
    (
        "Jobs",
        [
            (
                "Dead letters",
                "skull",
                "outbox_outboxevent_changelist",
                "state__exact=dead",
                "outbox.view_outboxevent",
            ),
            (
                "All jobs",
                "stacks",
                "outbox_outboxevent_changelist",
                "_reset=1",
                "outbox.view_outboxevent",
            ),
            (
                "Paused queues",
                "pause_circle",
                "outbox_outboxpause_changelist",
                "",
                "outbox.view_outboxpause",
            ),
            ("Who changed what", "history", "audit_log", "", "admin.view_logentry"),
        ],
    ),
]


def stylesheet_url(request: HttpRequest) -> str:
    """Return the address of our pages' own style sheet."""
    return static("shop_admin/admin.css")


def script_url(request: HttpRequest) -> str:
    """Return the address of the script that makes unfold's menus usable by keyboard."""
    return static("shop_admin/admin.js")


def build_navigation(request: HttpRequest) -> list[dict[str, object]]:
    """Return the menu of this user. No query beyond the permissions, which are read once a
    request.
    """
    groups = [
        {
            "title": title,
            "separator": bool(title),
            "items": list(_menu_items(request, entries)),
        }
        for title, entries in _MENU
    ]
    return [group for group in groups if group["items"]]


def _menu_items(
    request: HttpRequest, entries: Iterable[Entry]
) -> Iterable[dict[str, object]]:
    for title, icon, page, query, permission in entries:
        if permission and not request.user.has_perm(permission):
            continue
        name, _, argument = page.partition(":")
        try:
            link = reverse(f"admin:{name}", args=[argument] if argument else [])
        except NoReverseMatch:
            continue
        list_query = request.GET.urlencode()
        active = request.path == link and (not query or query in list_query)
        yield {
            "title": title,
            "icon": icon,
            "link": f"{link}?{query}" if query else link,
            "active": active,
        }
