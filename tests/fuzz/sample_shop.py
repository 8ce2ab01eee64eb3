"""A small shop with a row of everything, and the people who call it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.test import override_settings

from accounts.models import Session, User
from markrin.db.models import uuid7
from markrin.rights import GROUPS
from markrin.webhooks import secrets
from markrin.webhooks.models import WebhookEndpoint
from orders.models import (
    CartLine,
    Coupon,
    Order,
    OrderLine,
    Payment,
    Refund,
    ShippingZone,
)
from orders.models.order_status import PaymentMethod
from products.models import (
    Category,
    Collection,
    Product,
    ProductImage,
    Review,
    SizeChart,
    Variant,
)
from tests import factories

ROLES = ("nobody", "customer", "staff")
PLENTY = 900_000  # pieces: no call of a fuzz runs out of them
LANGUAGE = "en"


@contextmanager
def settings() -> Iterator[None]:
    """Let tokens live as long as the run, keep limits out of it, and make a password cost a
    millisecond.
    """
    with override_settings(
        ACCESS_TTL_S=86_400,
        RATE_LIMIT_SCALE=1_000_000,
        PASSWORD_HASHERS=["tests.hashers.CheapArgon2"],
    ):
        yield


@dataclass
class Person:
    """Somebody who calls: what a call does to their account, the next call has undone."""

    role: str
    user: Any = None
    token: str | None = None
    session: Any = None

    def headers(self) -> dict[str, str]:
        """Return what to send to be this person, whose session is alive."""
        if self.role == "nobody":
            return {}
        if self.user is None or not self._alive():
            self._sign_in()
        return {"Authorization": f"Bearer {self.token}"}

    def _alive(self) -> bool:
        return Session.objects.filter(
            pk=self.session,
            revoked_at=None,
            auth_epoch=F("user__auth_epoch"),
            user__is_active=True,
            user__role=self._role(),
            user__erased_at=None,
        ).exists()

    def _role(self) -> str:
        return "admin" if self.role == "staff" else self.role

    def _sign_in(self) -> None:
        from accounts.services import sessions

        groups = tuple(GROUPS) if self.role == "staff" else ()
        self.user = factories.make_user(
            role=self._role(), groups=groups, email=f"{uuid7().hex}@example.com"
        )
        opened = sessions.open_session(self.user)
        self.token, self.session = opened.access, opened.session.pk
        for _ in range(2):
            factories.make_address(user=self.user)
        factories.make_order(customer=self.user, variant=_variant())
        fill_cart(self.user)


def _variant() -> Variant:
    found = (
        Variant.objects.on_sale()
        .filter(stock__on_hand__gt=F("stock__reserved") + 100)
        .order_by("?")
        .first()
    )
    return found or factories.make_variant(stock=PLENTY)


def fill_cart(user: User) -> None:
    """Put something into the cart, unless there is something."""
    if not CartLine.objects.filter(cart__user=user).exists():
        factories.make_cart_line(customer=user, variant=_variant())


def build() -> None:
    """Fill the tables: two levels of categories, products in all states, orders at every
    step, coupons, reviews.
    """
    parent = factories.make_category()
    for name in ("Shirts", "Shoes"):
        category = factories.make_category(name=name, parent=parent)
        factories.make_size_chart(category=category)
        for status in ("published", "published", "draft", "archived"):
            product = factories.make_product(
                category=category,
                status=status,
                variants=3,
                stock=PLENTY,
                brand="Tarini",
                tags=["linen"],
            )
            factories.make_image(product=product)
            for rating in (2, 5):
                factories.make_review(product=product, rating=rating, fit="small")
    factories.make_coupon()
    factories.make_coupon(kind="fixed", value="50.00")
    for status in (
        "pending",
        "confirmed",
        "processing",
        "shipped",
        "delivered",
        "cancelled",
    ):
        factories.make_order(
            variant=_variant(), status=status, paid=status == "delivered"
        )
    factories.make_order(variant=_variant(), method=PaymentMethod.ONLINE)
    Collection.objects.create(name="Linen", slug="linen")
    # With a zone of its own, a shop delivers nowhere else: the orders that follow go to India.
    for name, countries in (("Gulf", ["AE"]), ("Everywhere", [])):
        zone = ShippingZone.objects.create(name=name, countries=countries)
        zone.methods.create(name="Parcel", price="40.00")
    WebhookEndpoint.objects.create(
        name="ERP",
        url="https://erp.example/hook",
        secret=secrets.encrypt_secret(secrets.make_secret()),
    )


def buy_and_review(user: User) -> None:
    """Let a customer have received every product, and have reviewed one of them: the last
    that a path would name.
    """
    products = list(Product.objects.published().order_by("-pk"))
    for product in products:
        factories.make_purchase(product=product, user=user)
    factories.make_review(product=products[-1], user=user)


# --- Real ids, by the name under which a client sends them ---------------------------------------
def _of(rows: Callable[[], Any], *order: str) -> Callable[[], list[str]]:
    return lambda: [
        str(one)
        for one in rows()
        .order_by(*order or ("-pk",))
        .values_list("pk", flat=True)[:40]
    ]


_PRODUCTS = _of(Product.objects.all, "-status", "-pk")  # published ones first
_CATEGORIES = _of(Category.objects.all)
_VARIANTS = _of(Variant.objects.all)
_ORDERS = _of(Order.objects.all)
_LINES = _of(OrderLine.objects.all)
KINDS: dict[str, Callable[[], list[str]]] = {
    "productId": _PRODUCTS,
    "product_id": _PRODUCTS,
    "categoryId": _CATEGORIES,
    "parentId": _CATEGORIES,
    "variantId": _VARIANTS,
    "variant_id": _VARIANTS,
    "order_id": _ORDERS,
    "lineId": _LINES,
    "refund_id": _of(Refund.objects.all),
    "coupon_id": _of(Coupon.objects.all),
    "image_id": _of(ProductImage.objects.all),
    "review_id": _of(Review.objects.all),
    "webhook_id": _of(WebhookEndpoint.objects.all),
    "customerId": _of(User.objects.all),
    "ids": _of(ProductImage.objects.all),
    "addressId": _of(lambda: _addresses()),  # noqa: PLW0108 (it stands below)
    "line_id": _of(CartLine.objects.all),
    "/api/products/": _PRODUCTS,
    "/api/staff/products/": _PRODUCTS,
    "/api/categories/": _CATEGORIES,
    "/api/size-charts/": _of(lambda: Category.objects.exclude(size_chart=None)),
    "/api/staff/variants/": _VARIANTS,
    "/api/staff/collections/": _of(Collection.objects.all),
    "zone_id": _of(ShippingZone.objects.all),
    "/api/staff/reviews/": _of(Review.objects.all),
    "/api/staff/users/": _of(lambda: User.objects.exclude(role="admin")),
    "/api/addresses/": _of(lambda: _addresses()),  # noqa: PLW0108 (it stands below)
    "/api/auth/sessions/": _of(lambda: Session.objects.filter(revoked_at=None)),
}


# Of a row within a product, by its name in a path: which product that is.
WITHIN: dict[str, Callable[[str], Any]] = {
    "image_id": lambda pk: (
        ProductImage.objects.filter(pk=pk)
        .values_list("product_id", flat=True)
        .first()
    ),
    "variant_id": lambda pk: (
        Variant.objects.filter(pk=pk).values_list("product_id", flat=True).first()
    ),
    "review_id": lambda pk: (
        Review.objects.filter(pk=pk).values_list("product_id", flat=True).first()
    ),
}


def _addresses() -> Any:
    from accounts.models import Address

    return Address.objects.all()


@dataclass
class Ids:
    """Ids of what is there now, asked for at most once a second for each name."""

    known: dict[str, tuple[float, list[str]]] = field(default_factory=dict)

    def of(self, name: str, path: str) -> list[str]:
        """Return the ids that fit a parameter or member called `name` of an operation at
        `path`; [] if unknown.
        """
        key = (
            name
            if name in KINDS
            else next((prefix for prefix in KINDS if path.startswith(prefix)), "")
        )
        if name not in KINDS and name not in ("id", "key"):
            return []
        if key and time.monotonic() - self.known.get(key, (0.0, []))[0] > 1:
            self.known[key] = (time.monotonic(), KINDS[key]())
        return self.known[key][1] if key else []


__all__ = [
    "ROLES",
    "WITHIN",
    "Ids",
    "Payment",
    "Person",
    "SizeChart",
    "build",
    "buy_and_review",
    "fill_cart",
    "settings",
]
