"""Who may do what: the one table of rights. The API, the admin, the docs and the tests read it.

A row lets its groups call operations of the API, and open pages of the admin. Admins may do
everything; a row without groups is theirs alone. What no row names, admins alone may do in the
admin, and the API refuses to start with (`markrin.E060`).

It stands here and not in the apps, like urls.py and celery_app.py: one map for all of them. It
knows their names as strings only."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

GROUPS: dict[str, str] = {
    "catalogue": "products, categories, prices, pictures, stock, reviews, pages",
    "orders": "orders, payments, refunds, returns, coupons, and the customers they are of",
    "analytics": "figures and reports, without anybody's name",
}
_ALL = "view add change delete"
_FILES = "export export_saved"


@dataclass(frozen=True, kw_only=True)
class Right:
    """A row of the table. `pages` are models, each with what may be done with it."""

    area: str
    groups: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()  # operation ids
    pages: Mapping[str, str] = field(default_factory=dict)
    # Whether the caller must have given the second factor, or the password, lately.
    sensitive: bool = False
    # What wants the same in the admin: models, each with the names of pages ("change",
    # "changelist" for its actions, "step:refund" for one step).
    acts: Mapping[str, str] = field(default_factory=dict)


RIGHTS: tuple[Right, ...] = (
    Right(
        area="Products, categories and size charts",
        groups=("catalogue",),
        calls=(
            *("listStaffProducts", "getStaffProduct", "upsertProducts"),
            *("createProduct", "replaceProduct", "updateProduct", "archiveProduct"),
            *("uploadProductImage", "orderProductImages"),
            *("updateProductImage", "deleteProductImage"),
            *("createVariant", "updateVariant", "deleteVariant"),
            *(
                "createCategory",
                "replaceCategory",
                "updateCategory",
                "deleteCategory",
            ),
            *("setCategoryImage", "deleteCategoryImage"),
            *("createSizeChart", "replaceSizeChart", "deleteSizeChart"),
        ),
        pages={
            "products.product": _ALL,
            "products.productimage": _ALL,
            "products.variant": _ALL,
            "products.category": _ALL,
            "products.sizechart": _ALL,
            "products.sizechartentry": _ALL,
            "products.formerslug": _ALL,
            "products.searchword": _ALL,
            "products.synonymgroup": _ALL,
            "products.ignoredword": _ALL,
            "products.searchpin": _ALL,
            "products.color": _ALL,
            "products.bulkchange": _ALL,
            "products.bulkchangerow": _ALL,
            "products.importfile": _ALL,
        },
    ),
    Right(
        area="Imports of files",  # of which each shows what the person may add by hand
        groups=("catalogue", "orders"),
        pages={
            "products.importjob": "view add",
            "products.importpart": "view",
            "products.importline": "view",
        },
    ),
    Right(
        area="Collections",
        groups=("catalogue",),
        calls=(
            *("listStaffCollections", "getStaffCollection", "createCollection"),
            *("updateCollection", "deleteCollection", "placeCollectionProducts"),
        ),
        pages={"products.collection": _ALL, "products.collectionproduct": _ALL},
    ),
    Right(
        area="Stock and its feeds",
        groups=("catalogue",),
        calls=(
            *("adjustStock", "setStock", "listStockMovements"),
            *("listFeeds", "sendFeed", "getFeed", "getFeedReport"),
            *("releaseFeed", "discardFeed"),
        ),
        pages={
            "products.stocklevel": _ALL,
            "products.stockmovement": _ALL,
            "products.lowstock": _ALL,
            "products.feed": _ALL,
            "products.feedrow": _ALL,
            "products.feedpull": _ALL,
        },
    ),
    Right(
        area="Reviews",
        groups=("catalogue",),
        calls=("listStaffReviews", "moderateReview"),
        pages={"products.review": _ALL},
    ),
    Right(
        area="The storefront's own pages",
        groups=("catalogue",),
        pages={
            "storefront.page": _ALL,
            "storefront.redirect": _ALL,
            "storefront.productfeed": "view",
        },
    ),
    Right(
        area="The catalogue, to look at",
        groups=("orders", "analytics"),
        pages={
            "products.product": "view",
            "products.productimage": "view",
            "products.variant": "view",
            "products.category": "view",
            "products.collection": "view",
            "products.sizechart": "view",
            "products.stocklevel": "view",
            "products.stockmovement": "view",
            "products.lowstock": "view",
        },
    ),
    Right(
        area="Orders, payments and returns",
        groups=("orders",),
        calls=(
            *("staffListOrders", "staffGetOrder", "staffGetInvoice"),
            *("staffListInvoices", "staffDownloadInvoice"),
            *(
                "moveOrder",
                "editOrder",
                "addPieces",
                "noteOrder",
                "markCashPaid",
                "returnGoods",
            ),
            *("createFulfilment", "correctFulfilment", "moveFulfilment"),
            "cancelPieces",
            *("listReturns", "getReturn", "approveReturn", "rejectReturn"),
            *("receiveReturn", "judgeReturn", "staffGetReturnLabel"),
        ),
        pages={
            "orders.order": _ALL,
            "orders.orderline": _ALL,
            "orders.orderevent": _ALL,
            "orders.draftorder": _ALL,
            "orders.orderattachment": _ALL,
            "orders.customerrecord": _ALL,
            "orders.cart": _ALL,
            "orders.cartline": _ALL,
            "orders.payment": _ALL,
            "orders.paymentevent": _ALL,
            "orders.refund": _ALL,
            "orders.return": _ALL,
            "orders.returnline": _ALL,
            "orders.returnrequest": _ALL,
            "orders.returnrequestline": _ALL,
            "orders.carrier": _ALL,
            "orders.fulfilment": _ALL,
            "orders.fulfilmentline": _ALL,
            "orders.idempotencykey": _ALL,
            "orders.refusedorder": "view change",
            "orders.pastorder": "view",
        },
    ),
    Right(
        area="Refunds",
        groups=("orders",),
        calls=("refundOrder", "settleRefund"),
        sensitive=True,
        acts={
            "orders.order": "step:refund",
            "orders.refund": "step",
        },
    ),
    Right(
        area="Files of customers, orders and money",
        groups=("orders",),
        sensitive=True,
        acts={
            "accounts.user": _FILES,
            "admin.logentry": _FILES,
            "orders.coupon": _FILES,
            "orders.difference": _FILES,
            "orders.giftcard": _FILES,
            "orders.giftcardentry": _FILES,
            "orders.order": _FILES,
            "orders.refund": _FILES,
            "outbox.outboxevent": _FILES,
        },
    ),
    Right(
        area="Money: ledger, disputes, payouts, and differences with providers",
        groups=("orders",),
        pages={
            "orders.invoice": "view",
            "orders.invoiceline": "view",
            "orders.monthclosing": "view add",
            "orders.ledgerentry": "view",
            "orders.ledgerline": "view",
            "orders.dispute": "view",
            "orders.payout": "view",
            "orders.reconciliation": "view",
            "orders.difference": "view change",
        },
    ),
    Right(
        area="Gift cards and store credit",
        groups=("orders",),
        pages={
            "orders.giftcard": "view add change",
            "orders.giftcardentry": "view",
        },
    ),
    Right(
        area="Promotions, coupons and groups of customers",
        groups=("orders",),
        calls=(
            *("listCoupons", "createCoupon", "getCoupon"),
            *("updateCoupon", "deleteCoupon"),
        ),
        pages={
            "orders.promotion": _ALL,
            "orders.promotiontier": _ALL,
            "orders.coupon": _ALL,
            "orders.orderdiscount": "view",
            "accounts.customergroup": _ALL,
        },
    ),
    Right(
        area="Shipping: zones, methods, postal codes, holidays",
        groups=("orders",),
        calls=(
            *("listShippingZones", "createShippingZone", "getShippingZone"),
            *(
                "replaceShippingZone",
                "deleteShippingZone",
                "replaceShippingPostcodes",
            ),
        ),
        pages={
            "orders.shippingzone": _ALL,
            "orders.shippingmethod": _ALL,
            "orders.shippingstep": _ALL,
            "orders.shippingpostcode": _ALL,
            "orders.holiday": _ALL,
        },
    ),
    Right(
        area="Taxes",
        groups=("orders",),
        pages={
            "orders.taxrate": _ALL,
            "orders.taxpart": _ALL,
            "orders.taxzone": _ALL,
            "orders.taxsettings": _ALL,
            "orders.confirmedtaxid": _ALL,
            "orders.ordertax": "view",
            "products.taxclass": _ALL,
        },
    ),
    Right(
        area="Customers: name, e-mail, telephone, addresses",
        groups=("orders",),
        calls=("listUsers",),
        pages={"accounts.user": "view", "accounts.address": "view"},
    ),
    Right(
        area="Back-in-stock wishes and who bought what",
        groups=("orders",),
        pages={"products.backinstockrequest": "view", "products.purchase": "view"},
    ),
    Right(
        area="Figures",
        groups=("analytics",),
        calls=("getStats", "getReport"),
        pages={
            "analytics.dailysales": "view",
            "analytics.dailyfunnel": "view",
            "analytics.dailyproduct": "view",
            "analytics.dailycategory": "view",
            "analytics.dailysearch": "view",
        },
    ),
    Right(
        area="The list of events: each group reads those about its own work",
        groups=("catalogue", "orders"),
        calls=("listEvents",),
    ),
    Right(
        area="Webhooks: who else is told of events, their secrets, their log",
        calls=(
            *("listWebhooks", "createWebhook", "getWebhook", "updateWebhook"),
            *("deleteWebhook", "rotateWebhookSecret", "testWebhook"),
            *("listWebhookDeliveries", "getWebhookDelivery"),
            *("redeliverWebhook", "redeliverWebhookFailures"),
        ),
        sensitive=True,
        acts={"webhooks.webhookendpoint": "add change step delete"},
    ),
    Right(
        area="Users and what they may do; keys of machines; sessions; the log of signing in",
        calls=(
            *("addUser", "changeUser", "exportUser", "eraseUser"),
            *("listApiKeys", "createApiKey", "revokeApiKey"),
        ),
        sensitive=True,
        acts={
            "accounts.user": "add change step changelist",
            "accounts.apikey": "add changelist",
            "accounts.session": "changelist",
            "auth.group": "add change delete changelist",
            "auth.user": "password_change",  # the name that Django gives the page
        },
    ),
)


@functools.cache
def get_right(call: str) -> Right | None:
    """Return the row of an operation, None if it needs no right of staff's."""
    return next((right for right in RIGHTS if call in right.calls), None)


def list_pages(group: str) -> dict[str, set[str]]:
    """Return what a group may do with each model in the admin, such as {"view"}."""
    pages: dict[str, set[str]] = {}
    for right in RIGHTS:
        if group in right.groups:
            for model, allowed in right.pages.items():
                pages.setdefault(model, set()).update(allowed.split())
    return pages


@functools.cache
def list_acts() -> frozenset[tuple[str, str]]:
    """Return the pages of the admin that want a recent factor: name of the URL, and of the
    step where only one of the page's steps does ("" where all do).
    """
    return frozenset(
        (f"{model.replace('.', '_')}_{page}", step)
        for right in RIGHTS
        for model, acts in right.acts.items()
        for page, _, step in (act.partition(":") for act in acts.split())
    )


def list_table() -> Iterator[tuple[str, str, str, str]]:
    """Yield the table as people read it: area, who, calls, pages."""
    for right in RIGHTS:
        groups = ", ".join(right.groups) or "admins alone"
        if right.sensitive:
            groups += " (recent)"
        pages = [
            f"{model.partition('.')[2]}" + (" (view)" if allowed == "view" else "")
            for model, allowed in right.pages.items()
        ]
        pages += [
            f"{model.partition('.')[2]} ({acts.replace(' ', ', ')})"
            for model, acts in right.acts.items()
        ]
        yield right.area, groups, ", ".join(right.calls), ", ".join(pages)
