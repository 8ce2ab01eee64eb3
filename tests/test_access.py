"""Who may do what: every endpoint and every page of the admin, tried as everybody.

A new endpoint has no row here, and fails. What staff may do is read from `markrin/rights.py`, the
one table of rights; what that table must never say stands below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django import test
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from dev import rights_page
from markrin import rights
from markrin.api import operations
from orders.models import ReturnRequest
from products.models import Collection, Feed
from storefront.models import Page
from tests import factories
from tests.client import Client

# --- Roles ---------------------------------------------------------------------------------------
NOBODY, OWNER, OTHER, STAFF, ADMIN = "nobody", "owner", "other", "staff", "admin"
CATALOGUE, ORDERS, ANALYTICS = "catalogue", "orders", "analytics"
EVERYBODY = (NOBODY, OWNER, OTHER, STAFF, CATALOGUE, ORDERS, ANALYTICS, ADMIN)
USERS = EVERYBODY[1:]
CUSTOMERS = (OWNER, OTHER)


@dataclass(frozen=True)
class Access:
    """Who is let in, and what the others get."""

    allowed: tuple[str, ...]
    refused: dict[str, int]


PUBLIC = Access(EVERYBODY, {})
SIGNED_IN = Access(USERS, {NOBODY: 401})
# Somebody else's object does not exist, not even for staff, who have their own endpoints.
OWN = Access(
    (OWNER,), {NOBODY: 401} | {role: 404 for role in USERS if role != OWNER}
)
OWN_OR_GUESTS = Access((OWNER,), {role: 404 for role in EVERYBODY if role != OWNER})


def only(*allowed: str) -> Access:
    """Let these in; other users are forbidden, and nobody has to sign in."""
    others = {role: 403 for role in USERS if role not in (*allowed, ADMIN)}
    return Access((*allowed, ADMIN), {NOBODY: 401} | others)


# Who may call it stands in markrin/rights.py, by the operation's id.
STAFFS = None


@dataclass(frozen=True)
class Row:
    """One line of the table. `body` is only needed where it is read before the object is
    looked for.
    """

    access: Access | None
    body: Any = None
    # whether the path names something that exists, so that a 404 would be a refusal
    found: bool = True


ADDRESS = {
    "recipient": "A",
    "phone": "+919876543210",
    "street": "1 A Road",
    "city": "Pune",
    "postalCode": "411001",
}
ASKED_BACK = {
    "reason": "a",
    "lines": [{"lineId": "00000000-0000-7000-8000-000000000003", "quantity": 1}],
}
TABLE = {
    "GET /api/shop": Row(PUBLIC),
    "GET /api/pages/{page}": Row(PUBLIC),
    "POST /api/auth/register": Row(PUBLIC),
    "POST /api/auth/login": Row(PUBLIC),
    "POST /api/auth/second-factor": Row(PUBLIC),
    "POST /api/auth/second-factor/confirm": Row(SIGNED_IN),
    "POST /api/auth/logout": Row(PUBLIC, {}),
    "POST /api/auth/password/forgot": Row(PUBLIC),
    "POST /api/auth/password/reset": Row(PUBLIC),
    "POST /api/auth/email/verify": Row(PUBLIC),
    "POST /api/auth/email/verify/resend": Row(PUBLIC),
    # Its 401 is about the refresh token in the body: whoever holds one is somebody.
    "POST /api/auth/refresh": Row(Access((), dict.fromkeys(EVERYBODY, 401)), {}),
    "POST /api/auth/logout-all": Row(SIGNED_IN),
    "POST /api/auth/reauthenticate": Row(SIGNED_IN),
    "POST /api/auth/password/change": Row(SIGNED_IN),
    "GET /api/auth/sessions": Row(SIGNED_IN),
    "DELETE /api/auth/sessions/{session}": Row(OWN),
    "GET /api/me": Row(SIGNED_IN),
    "GET /api/auth/profile": Row(SIGNED_IN),
    "PATCH /api/auth/profile": Row(SIGNED_IN),
    "GET /api/auth/export": Row(SIGNED_IN),
    "POST /api/auth/erase": Row(SIGNED_IN),
    "GET /api/addresses": Row(SIGNED_IN),
    "POST /api/addresses": Row(SIGNED_IN, ADDRESS),
    "PATCH /api/addresses/{address}": Row(OWN, {"city": "Pune"}),
    "DELETE /api/addresses/{address}": Row(OWN),
    "GET /api/wishlist": Row(SIGNED_IN),
    "DELETE /api/wishlist": Row(SIGNED_IN),
    "PUT /api/wishlist/{product}": Row(SIGNED_IN),
    "DELETE /api/wishlist/{product}": Row(SIGNED_IN),
    "GET /api/staff/users": Row(STAFFS),
    "POST /api/staff/users": Row(STAFFS),
    "PATCH /api/staff/users/{user}": Row(STAFFS, {"role": "admin"}),
    "GET /api/staff/users/{user}/export": Row(STAFFS),
    "POST /api/staff/users/{user}/erase": Row(STAFFS),
    "GET /api/events.json": Row(PUBLIC),
    "GET /api/staff/events": Row(STAFFS),
    "GET /api/staff/webhooks": Row(STAFFS),
    "POST /api/staff/webhooks": Row(STAFFS),
    "GET /api/staff/webhooks/{webhook}": Row(STAFFS),
    "PATCH /api/staff/webhooks/{webhook}": Row(STAFFS),
    "DELETE /api/staff/webhooks/{webhook}": Row(STAFFS),
    "POST /api/staff/webhooks/{webhook}/secret": Row(STAFFS, {}),
    "POST /api/staff/webhooks/{webhook}/test": Row(STAFFS, {}),
    "POST /api/staff/webhooks/{webhook}/redeliver": Row(STAFFS),
    "GET /api/staff/webhooks/{webhook}/deliveries": Row(STAFFS),
    "GET /api/staff/webhooks/{webhook}/deliveries/{unknown}": Row(
        STAFFS, found=False
    ),
    "POST /api/staff/webhooks/{webhook}/deliveries/{unknown}/redeliver": Row(
        STAFFS, {}, found=False
    ),
    "GET /api/staff/keys": Row(STAFFS),
    "POST /api/staff/keys": Row(STAFFS),
    "DELETE /api/staff/keys/{key}": Row(STAFFS),
    "GET /api/products": Row(PUBLIC),
    "POST /api/products": Row(STAFFS),
    "GET /api/products/new-arrivals": Row(PUBLIC),
    "GET /api/products/featured": Row(PUBLIC),
    "GET /api/products/{product}": Row(PUBLIC),
    "PUT /api/products/{product}": Row(STAFFS),
    "PATCH /api/products/{product}": Row(STAFFS),
    "DELETE /api/products/{product}": Row(STAFFS),
    "GET /api/products/{product}/related": Row(PUBLIC),
    "GET /api/search/suggestions": Row(PUBLIC),
    "GET /api/colors": Row(PUBLIC),
    "POST /api/products/{product}/images": Row(STAFFS),
    "PUT /api/products/{product}/images/order": Row(STAFFS),
    "PATCH /api/products/{product}/images/{image}": Row(STAFFS),
    "DELETE /api/products/{product}/images/{image}": Row(STAFFS),
    "GET /api/products/{product}/reviews": Row(PUBLIC),
    "POST /api/products/{product}/reviews": Row(SIGNED_IN),
    "GET /api/products/{product}/reviews/mine": Row(OWN),
    "PATCH /api/products/{product}/reviews/{review}": Row(OWN, {"rating": 5}),
    "DELETE /api/products/{product}/reviews/{review}": Row(OWN),
    "POST /api/products/{product}/variants": Row(STAFFS),
    "PATCH /api/products/{product}/variants/{variant}": Row(STAFFS),
    "DELETE /api/products/{product}/variants/{variant}": Row(STAFFS),
    "POST /api/products/{product}/variants/{variant}/notify": Row(PUBLIC),
    "GET /api/categories": Row(PUBLIC),
    "POST /api/categories": Row(STAFFS),
    "GET /api/categories/{category}": Row(PUBLIC),
    "PUT /api/categories/{category}": Row(STAFFS),
    "PATCH /api/categories/{category}": Row(STAFFS),
    "DELETE /api/categories/{category}": Row(STAFFS),
    "POST /api/categories/{category}/image": Row(STAFFS),
    "DELETE /api/categories/{category}/image": Row(STAFFS),
    "GET /api/staff/shipping/zones": Row(STAFFS),
    "POST /api/staff/shipping/zones": Row(STAFFS),
    "GET /api/staff/shipping/zones/{unknown}": Row(STAFFS, found=False),
    "PUT /api/staff/shipping/zones/{unknown}": Row(STAFFS, found=False),
    "DELETE /api/staff/shipping/zones/{unknown}": Row(STAFFS, found=False),
    "PUT /api/staff/shipping/zones/{unknown}/postcodes": Row(STAFFS, found=False),
    "GET /api/collections": Row(PUBLIC),
    "GET /api/collections/{collection}": Row(PUBLIC),
    "GET /api/staff/collections": Row(STAFFS),
    "POST /api/staff/collections": Row(STAFFS),
    "GET /api/staff/collections/{collection}": Row(STAFFS),
    "PATCH /api/staff/collections/{collection}": Row(STAFFS),
    "DELETE /api/staff/collections/{collection}": Row(STAFFS),
    "PUT /api/staff/collections/{collection}/products": Row(STAFFS),
    "GET /api/size-charts": Row(PUBLIC),
    "POST /api/size-charts": Row(STAFFS),
    "GET /api/size-charts/{chart}": Row(PUBLIC),
    "PUT /api/size-charts/{chart}": Row(STAFFS),
    "DELETE /api/size-charts/{chart}": Row(STAFFS),
    "GET /api/staff/products": Row(STAFFS),
    "GET /api/staff/products/{product}": Row(STAFFS),
    "GET /api/staff/reviews": Row(STAFFS),
    "PATCH /api/staff/reviews/{review}": Row(STAFFS),
    "POST /api/staff/products/bulk": Row(STAFFS),
    "PUT /api/staff/variants/{variant}/stock": Row(STAFFS),
    "POST /api/staff/variants/{variant}/adjust": Row(STAFFS),
    "GET /api/staff/variants/{variant}/movements": Row(STAFFS),
    "GET /api/staff/feeds": Row(STAFFS),
    "POST /api/staff/feeds": Row(STAFFS),
    "GET /api/staff/feeds/{feed}": Row(STAFFS),
    "GET /api/staff/feeds/{feed}/report": Row(STAFFS),
    "POST /api/staff/feeds/{feed}/release": Row(STAFFS),
    "POST /api/staff/feeds/{feed}/discard": Row(STAFFS),
    "GET /api/cart": Row(PUBLIC),
    "GET /api/shipping/options": Row(PUBLIC),
    "GET /api/products/{product}/delivery": Row(PUBLIC),
    "DELETE /api/cart": Row(PUBLIC),
    "POST /api/cart/items": Row(PUBLIC),
    "PATCH /api/cart/items/{line}": Row(OWN_OR_GUESTS, {"quantity": 1}),
    "DELETE /api/cart/items/{line}": Row(OWN_OR_GUESTS),
    "PUT /api/cart/coupon": Row(PUBLIC),
    "PUT /api/cart/coupons": Row(PUBLIC),
    "POST /api/cart/gift-cards": Row(PUBLIC, body={"code": "AAAA"}),
    "DELETE /api/cart/gift-cards/{unknown}": Row(PUBLIC, found=False),
    "PUT /api/cart/store-credit": Row(PUBLIC),
    "POST /api/gift-cards/balance": Row(PUBLIC),
    "GET /api/store-credit": Row(SIGNED_IN),
    "DELETE /api/cart/coupon": Row(PUBLIC),
    "GET /api/orders": Row(SIGNED_IN),
    "POST /api/orders": Row(PUBLIC),
    "GET /api/orders/{order}": Row(OWN_OR_GUESTS),
    "POST /api/orders/{order}/cancel": Row(OWN_OR_GUESTS, {}),
    "GET /api/orders/{order}/invoice": Row(OWN_OR_GUESTS, found=False),
    "GET /api/orders/{order}/invoices": Row(OWN_OR_GUESTS),
    "GET /api/orders/{order}/invoices/{unknown}": Row(OWN_OR_GUESTS, found=False),
    "POST /api/orders/{order}/payments": Row(OWN_OR_GUESTS),
    "POST /api/orders/lookup": Row(PUBLIC),
    "POST /api/orders/{order}/reorder": Row(OWN_OR_GUESTS),
    "POST /api/orders/{order}/returns": Row(OWN_OR_GUESTS, ASKED_BACK),
    "POST /api/orders/{order}/returns/{asked}/cancel": Row(OWN_OR_GUESTS),
    "GET /api/orders/{order}/returns/{asked}/label": Row(OWN_OR_GUESTS),
    "GET /api/orders/{order}/withdrawal": Row(OWN_OR_GUESTS),
    "POST /api/orders/{order}/withdrawal": Row(OWN_OR_GUESTS, {}),
    "POST /api/payments/webhooks/test": Row(PUBLIC),
    "GET /api/staff/orders": Row(STAFFS),
    "GET /api/staff/orders/{order}": Row(STAFFS),
    "PATCH /api/staff/orders/{order}": Row(STAFFS),
    "POST /api/staff/orders/{order}/items": Row(STAFFS),
    "POST /api/staff/orders/{order}/transition": Row(STAFFS),
    "POST /api/staff/orders/{order}/fulfilments": Row(STAFFS),
    "POST /api/staff/orders/{order}/cancellations": Row(STAFFS),
    "PUT /api/staff/fulfilments/{unknown}": Row(STAFFS, {}, found=False),
    "POST /api/staff/fulfilments/{unknown}/transition": Row(STAFFS, found=False),
    "POST /api/staff/orders/{order}/notes": Row(STAFFS),
    "POST /api/staff/orders/{order}/cash": Row(STAFFS),
    "POST /api/staff/orders/{order}/refunds": Row(STAFFS),
    "POST /api/staff/orders/{order}/returns": Row(STAFFS),
    "GET /api/staff/orders/{order}/invoice": Row(STAFFS, found=False),
    "GET /api/staff/orders/{order}/invoices": Row(STAFFS),
    "GET /api/staff/orders/{order}/invoices/{unknown}": Row(STAFFS, found=False),
    "GET /api/staff/returns": Row(STAFFS),
    "GET /api/staff/returns/{asked}": Row(STAFFS),
    "POST /api/staff/returns/{asked}/approve": Row(STAFFS, {}),
    "POST /api/staff/returns/{asked}/reject": Row(STAFFS),
    "POST /api/staff/returns/{asked}/receive": Row(STAFFS, {}),
    "POST /api/staff/returns/{asked}/judge": Row(STAFFS),
    "GET /api/staff/returns/{asked}/label": Row(STAFFS),
    "PATCH /api/staff/refunds/{unknown}": Row(STAFFS, found=False),
    "GET /api/staff/coupons": Row(STAFFS),
    "POST /api/staff/coupons": Row(STAFFS),
    "GET /api/staff/coupons/{coupon}": Row(STAFFS),
    "PATCH /api/staff/coupons/{coupon}": Row(STAFFS),
    "DELETE /api/staff/coupons/{coupon}": Row(STAFFS),
    "POST /api/analytics/events": Row(PUBLIC),
    "GET /api/staff/stats": Row(STAFFS),
    "GET /api/staff/reports/{report}": Row(STAFFS, found=False),
    "GET /api/errors": Row(PUBLIC),
    "GET /api/errors/{error}": Row(PUBLIC),
    "GET /api/schema": Row(PUBLIC),
    "GET /api/docs": Row(PUBLIC),
}


# --- The urlconf ---------------------------------------------------------------------------------
def _patterns(
    resolver: URLResolver, before: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield path, one
        else:
            yield from _patterns(one, path)


def served() -> dict[str, str]:
    """Return every method and path below /api/ that the urlconf serves, with the operation's
    id; a path's variable parts are `{}`.
    """
    found: dict[str, str] = {}
    for path, pattern in _patterns(get_resolver()):
        if not path.startswith("/api/"):
            continue
        view = getattr(pattern.callback, "cls", None) or getattr(
            pattern.callback, "view_class", pattern.callback
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if operation := operations.operation_of(view, method):
                found[f"{method} {_bare(path)}"] = operation.id
        if not hasattr(view, "operation"):
            found.setdefault(f"GET {_bare(path)}", "")
    return found


def _bare(path: str) -> str:
    parts = [
        "{}" if part.startswith(("<", "{")) else part for part in path.split("/")
    ]
    return "/".join(parts).replace("/webhooks/test", "/webhooks/{}")


def test_every_endpoint_has_a_row_and_every_row_an_endpoint():
    assert {_bare(row) for row in TABLE} == set(served())


def _access(row: str) -> Access:
    stated = TABLE[row].access
    if stated is not None:
        return stated
    right = rights.get_right(served()[_bare(row)])
    assert right is not None, f"{row} is in no row of markrin/rights.py"
    return only(*right.groups)


# --- The objects, each the owner's where it is somebody's ----------------------------------------
@dataclass
class World:
    """What paths name, made when first named."""

    owner: Any = field(default_factory=factories.make_user)

    def named(self, name: str) -> str:
        """Return the id, or slug, of the object."""
        made = getattr(self, name)
        return str(made if isinstance(made, str) else made.pk)

    error, report = "not-found", "sales"

    @cached_property
    def session(self) -> Any:
        from accounts.services import sessions

        return sessions.open_session(self.owner).session

    @cached_property
    def user(self) -> Any:
        return factories.make_user()

    @cached_property
    def key(self) -> Any:
        from accounts.client_info import ClientInfo
        from accounts.schemas import NewApiKey
        from accounts.services import api_keys

        boss = factories.make_user(role="admin")
        new = NewApiKey(name=f"Key {boss.email}", groups=["catalogue"])
        return api_keys.create_api_key(new, by=boss, client=ClientInfo())[0]

    @cached_property
    def webhook(self) -> Any:
        from markrin.webhooks import secrets
        from markrin.webhooks.models import WebhookEndpoint

        # A name of its own: the worlds of one test share a database.
        return WebhookEndpoint.objects.create(
            name=f"ERP {uuid4()}",
            url="https://e.example/h",
            secret=secrets.encrypt_secret(secrets.make_secret()),
        )

    @cached_property
    def unknown(self) -> str:
        return str(uuid4())

    @cached_property
    def address(self) -> Any:
        return factories.make_address(user=self.owner)

    @cached_property
    def variant(self) -> Any:
        return factories.make_variant(stock=5)

    @cached_property
    def product(self) -> Any:
        return self.variant.product

    @cached_property
    def image(self) -> Any:
        return factories.make_image(product=self.product)

    @cached_property
    def review(self) -> Any:
        return factories.make_review(product=self.product, user=self.owner)

    @cached_property
    def feed(self) -> Any:
        # A feed of its own source: the worlds of one test share a database.
        source, sha256 = uuid4().hex, uuid4().hex * 2
        return Feed.objects.create(
            source=source,
            sequence=1,
            sha256=sha256,
            counted_at=timezone.now(),
            state="held",
        )

    @cached_property
    def category(self) -> str:
        return str(factories.make_category().slug)

    @cached_property
    def collection(self) -> str:
        return str(
            Collection.objects.create(name="Picks", slug=f"p-{uuid4()}").slug
        )

    @cached_property
    def page(self) -> str:
        # A slug of its own: the worlds of one test share a database.
        given = {"title": "Returns", "body": "Send it.", "is_published": True}
        return str(Page.objects.create(slug=f"returns-{uuid4().hex}", **given).slug)

    @cached_property
    def chart(self) -> str:
        return str(factories.make_size_chart().category.slug)

    @cached_property
    def line(self) -> Any:
        return factories.make_cart_line(customer=self.owner)

    @cached_property
    def order(self) -> Any:
        return factories.make_order(customer=self.owner)

    @cached_property
    def asked(self) -> Any:
        number = f"{self.order.number}-R1"
        return ReturnRequest.objects.create(
            order=self.order, number=number, reason="a"
        )

    @cached_property
    def coupon(self) -> Any:
        return factories.make_coupon()


def _client(role: str, world: World) -> Client:
    people: dict[str, Callable[[], Any]] = {
        OWNER: lambda: world.owner,
        OTHER: factories.make_user,
        STAFF: lambda: factories.make_user(role="staff"),
        ADMIN: lambda: factories.make_user(role="admin"),
        **{
            name: partial(factories.make_user, role="staff", groups=(name,))
            for name in (CATALOGUE, ORDERS, ANALYTICS)
        },
    }
    return Client() if role == NOBODY else Client().as_user(people[role]())


def _call(row: str, role: str, world: World) -> Any:
    method, template = row.split()
    names = {part[1:-1] for part in template.split("/") if part.startswith("{")}
    path = template.format(**{name: world.named(name) for name in names})
    if "mine" in path:
        world.named("review")
    body = TABLE[row].body
    json = (
        {"json": body}
        if body is not None and method not in ("GET", "DELETE")
        else {}
    )
    headers = {"Idempotency-Key": str(uuid4())}
    return getattr(_client(role, world), method.lower())(
        path, headers=headers, **json
    )


@pytest.mark.asvs("8.2.1", "8.2.2", "8.3.1")
@pytest.mark.parametrize("row", TABLE)
def test_each_role_gets_what_the_table_says(db, row):
    access = _access(row)
    world = World()
    refused = {role: _call(row, role, world).status_code for role in access.refused}
    assert refused == access.refused
    # Once more for each of the allowed, with objects of their own, as some of these calls
    # use them up.
    let_in = {
        role: _call(row, role, World()).status_code for role in access.allowed
    }
    closed = {401, 403, 404} if TABLE[row].found else {401, 403}
    assert not {role: status for role, status in let_in.items() if status in closed}
    assert not {role: status for role, status in let_in.items() if status >= 500}


# --- Mass assignment: what a client may not set, it cannot name ----------------------------------
NOT_THEIRS = (
    "id",
    "role",
    "isActive",
    "active",
    "isStaff",
    "isSuperuser",
    "emailVerified",
    "authEpoch",
    "userId",
    "groups",
    "createdAt",
    "password_hash",
    "erasedAt",
)
WRITES = {
    "POST /api/auth/register": {
        "name": "A",
        "email": "a@example.com",
        "password": "a quiet harbour",
    },
    "PATCH /api/auth/profile": {"name": "A"},
    "POST /api/addresses": ADDRESS,
    "POST /api/auth/login": {
        "email": "a@example.com",
        "password": "a quiet harbour",
    },
}


@pytest.mark.asvs("15.3.3", "8.2.3")
@pytest.mark.parametrize("name", NOT_THEIRS)
@pytest.mark.parametrize("write", WRITES)
def test_what_is_not_theirs_to_set_is_refused(db, write, name):
    world = World()
    method, path = write.split()
    answer = getattr(_client(OWNER, world), method.lower())(
        path, json={**WRITES[write], name: True}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    world.owner.refresh_from_db()
    assert (world.owner.role, world.owner.is_superuser) == ("customer", False)
    assert not world.owner.addresses.exists()


# --- What the table of rights must never say -----------------------------------------------------
def _right_of(call: str) -> rights.Right:
    right = rights.get_right(call)
    assert right is not None, call
    return right


def _groups_of(*calls: str) -> set[str]:
    return {group for call in calls for group in _right_of(call).groups}


def test_customers_are_shown_to_whom_their_orders_are_work():
    assert _groups_of("listUsers", "staffListOrders", "staffGetOrder") == {"orders"}
    about_people = ("accounts.", "orders.", "auth.", "admin.", "otp_")
    for group in ("catalogue", "analytics"):
        pages = rights.list_pages(group)
        assert not [page for page in pages if page.startswith(about_people)]
        assert (
            not {"products.purchase", "products.backinstockrequest"} & pages.keys()
        )


def test_only_admins_change_what_somebody_may_do():
    assert _groups_of("addUser", "changeUser", "exportUser", "eraseUser") == set()
    for group in rights.GROUPS:
        pages = rights.list_pages(group)
        assert pages.get("accounts.user", {"view"}) == {"view"}
        assert (
            not {"auth.group", "accounts.session", "accounts.authevent"}
            & pages.keys()
        )


def test_what_cannot_be_taken_back_wants_a_recent_factor():
    calls = (
        *("addUser", "changeUser", "exportUser", "eraseUser"),
        *("createApiKey", "createWebhook", "updateWebhook", "rotateWebhookSecret"),
    )
    assert all(_right_of(call).sensitive for call in calls)
    assert _right_of("refundOrder").sensitive


# --- The admin's pages ---------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["", CATALOGUE, ORDERS, ANALYTICS, ADMIN])
def test_the_admin_shows_each_group_the_pages_of_the_table(db, role):
    groups = (role,) if role in rights.GROUPS else ()
    user = factories.make_user(
        role="admin" if role == ADMIN else "staff", groups=groups
    )
    browser = test.Client()
    browser.force_login(user)
    allowed = rights.list_pages(role) if groups else {}
    wrong = {}
    for model in admin.site._registry:
        label = model._meta.label_lower
        may_view = role == ADMIN or "view" in allowed.get(label, ())
        url = reverse(f"admin:{label.replace('.', '_')}_changelist")
        status = browser.get(url).status_code
        if status != (200 if may_view else 403):
            wrong[label] = status
    assert wrong == {}


def test_the_document_of_rights_is_what_the_table_says():
    written = (Path(__file__).parents[1] / "docs/rights.md").read_text()
    assert written == rights_page.make_page()
