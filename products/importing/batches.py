"""Writes valid drafts a batch at a time: few statements for hundreds of products, each product whole or not at all."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from markrin import bulk, cache, errors
from markrin.models import uuid7
from products.errors import SkuTaken, SlugTaken
from products.importing import changes
from products.importing.categories import Categories
from products.importing.drafts import Draft, Rejection
from products.models import FormerSlug, Product
from products.services import first_stock, slugs


@dataclass
class Outcome:
    """What became of some drafts."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejections += other.rejections


class Writer:
    """Writes the products of one source; with `dry_run` everything is tried, and rolled back."""

    def __init__(self, source: str, *, dry_run: bool) -> None:
        self.source, self.dry_run = source, dry_run
        self.categories = Categories()
        # What an earlier, rolled back batch of a dry run would have taken.
        self._taken_skus: dict[str, str] = {}
        self._taken_slugs: set[str] = set()

    def write(self, drafts: Sequence[Draft]) -> Outcome:
        """Write the drafts in one transaction. If the database refuses something in it, each gets one of its own, so
        that only what is refused is left out.

        Locks: the products that change, in key order; a new slug's name.
        """
        hashes = {draft.ref: fingerprint(draft.data) for draft in drafts}
        known = dict(
            Product.objects.filter(source=self.source, source_ref__in=list(hashes)).values_list(
                "source_ref", "source_hash"
            )
        )
        changed = [draft for draft in drafts if known.get(draft.ref) != hashes[draft.ref]]
        outcome = Outcome(unchanged=len(drafts) - len(changed))
        if changed:
            outcome.add(self._write(changed, hashes))
        return outcome

    def _write(self, drafts: Sequence[Draft], hashes: dict[str, str]) -> Outcome:
        try:
            with transaction.atomic():
                outcome = self._try(drafts, hashes)
                if self.dry_run:
                    transaction.set_rollback(True)
        except (IntegrityError, DataError, errors.ShopError) as exc:
            self.categories.rolled_back()
            if len(drafts) == 1:
                return Outcome(rejections=[_refusal(drafts[0], exc)])
            outcome = Outcome()
            for draft in drafts:
                outcome.add(self._write([draft], hashes))
            return outcome
        except BaseException:
            self.categories.rolled_back()
            raise
        if self.dry_run:
            self.categories.rolled_back()
        else:
            self.categories.committed()
        return outcome

    def _try(self, drafts: Sequence[Draft], hashes: dict[str, str]) -> Outcome:
        rows = Product.objects.filter(source=self.source, source_ref__in=[draft.ref for draft in drafts]).locked()
        there = {product.source_ref: product for product in rows.defer("search")}
        rejections = {each.ref: each for each in self._conflicts(drafts, there)}
        left = [draft for draft in drafts if draft.ref not in rejections]
        new = [draft for draft in left if draft.ref not in there]
        old = [(there[draft.ref], draft) for draft in left if draft.ref in there]
        ids = self.categories.resolve(tuple(draft.data["category"]) for draft in left)
        if new:
            self._insert(new, ids, hashes)
            cache.touch("products", "categories")
        if old:
            changes.apply(old, ids, hashes)
        return Outcome(created=len(new), updated=len(old), rejections=list(rejections.values()))

    def _conflicts(self, drafts: Sequence[Draft], there: dict[str, Product]) -> Iterable[Rejection]:
        """Yield what another product stands in the way of: a SKU, or a slug that the file names."""
        wanted = [variant["sku"] for draft in drafts for variant in draft.data["variants"]]
        owners = _owners(wanted)
        named = [slug for draft in drafts if (slug := draft.data.get("slug"))]
        slug_owners: dict[str, UUID | str] = {}
        if named:
            slug_owners |= dict(Product.objects.filter(slug__in=named).values_list("slug", "pk"))
        for draft in drafts:
            own = there[draft.ref].pk if draft.ref in there else draft.ref
            slug = draft.data.get("slug", "")
            if slug and (slug_owners.setdefault(slug, own) != own or slugs.is_reserved(slug)):
                yield draft.reject(SlugTaken.code, SlugTaken.message, column=draft.columns.get("slug", "slug"))
                continue
            for line, variant in zip(draft.lines, draft.data["variants"], strict=True):
                taken = owners.get(variant["sku"], self._taken_skus.get(variant["sku"], own))
                if taken != own:
                    column = draft.columns.get("sku", "sku")
                    yield draft.reject(SkuTaken.code, f"{SkuTaken.message} {variant['sku']}", column=column, line=line)
                    break
            else:
                mine = {variant["sku"]: own for variant in draft.data["variants"]}
                owners |= mine
                if self.dry_run:
                    self._taken_skus |= mine

    def _insert(self, drafts: Sequence[Draft], categories: dict[tuple[str, ...], UUID], hashes: dict[str, str]) -> None:
        now = timezone.now()
        chosen = self._slugs(drafts)
        products, variants, images = [], [], []
        pieces: dict[UUID, int] = {}
        for draft in drafts:
            data, pk = draft.data, uuid7()
            seo = data["seo"]
            products.append((
                pk, now, data["name"], chosen[draft.ref], data["description"], categories[tuple(data["category"])],
                data["brand"], data["collection"], data["gender"].value, data["material"], data["base_price"],
                data["sale_price"], data["tags"], data["is_featured"], data["is_new_arrival"], data["status"].value,
                seo["title"], seo["description"], any(each["stock"] for each in data["variants"]), self.source,
                draft.ref, hashes[draft.ref],
            ))  # fmt: skip
            for position, each in enumerate(data["variants"]):
                variant = uuid7()
                variants.append((variant, now, pk, each["sku"], each["size"], each["color"], position))
                pieces[variant] = each["stock"]
            for position, each in enumerate(data["images"]):
                images.append((uuid7(), now, pk, each["url"], each["alt_text"], position))
        FormerSlug.objects.filter(slug__in=list(chosen.values())).delete()
        bulk.copy("products_product", _PRODUCT, products)
        bulk.copy("products_variant", _VARIANT, variants)
        first_stock.enter(pieces)
        if images:
            bulk.copy("products_productimage", _IMAGE, images)

    def _slugs(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Return a slug for each draft: the one the file names, else the name's; where that is taken, with the ref."""
        tries = {draft.ref: _candidates(draft) for draft in drafts}
        asked = {slug for candidates in tries.values() for slug in candidates}
        taken = _taken(asked, but_former={draft.data["slug"] for draft in drafts if "slug" in draft.data})
        taken |= self._taken_slugs
        found = {}
        for ref, candidates in tries.items():
            free = (slug for slug in candidates if slug not in taken and not slugs.is_reserved(slug))
            # The id's last part is as good as unique: for a third of the same name whose ref does not tell it apart.
            found[ref] = next(free, None) or f"{candidates[0][:100]}-{uuid7().hex[-12:]}"
            taken.add(found[ref])
        if self.dry_run:
            self._taken_slugs |= set(found.values())
        return found


def _owners(skus: list[str]) -> dict[str, Any]:
    """Return which products have these SKUs: thousands, hence one parameter instead of as many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, product_id FROM products_variant WHERE sku = ANY(%s)", [skus])
        return dict(cursor.fetchall())


def _taken(asked: set[str], *, but_former: set[str]) -> set[str]:
    """Return which of these slugs a product has, or has had; a slug that the file names may have been another's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT slug FROM products_product WHERE slug = ANY(%s)
            UNION SELECT slug FROM products_formerslug WHERE slug = ANY(%s)""",
            [list(asked), list(asked - but_former)],
        )
        return {slug for (slug,) in cursor.fetchall()}


_PRODUCT = (
    "id", "updated_at", "name", "slug", "description", "category_id", "brand", "collection", "gender", "material",
    "base_price", "sale_price", "tags", "is_featured", "is_new_arrival", "status", "seo_title", "seo_description",
    "in_stock", "source", "source_ref", "source_hash",
)  # fmt: skip
_VARIANT = ("id", "updated_at", "product_id", "sku", "size", "color", "position")
_IMAGE = ("id", "updated_at", "product_id", "external_url", "alt_text", "position")


def _candidates(draft: Draft) -> list[str]:
    if slug := draft.data.get("slug"):
        return [slug]
    base = slugs.made_from(draft.data["name"], else_="product")
    return [base, f"{base[:60]}-{slugify(draft.ref)[:50]}".strip("-")]


def fingerprint(data: dict[str, Any]) -> str:
    """Return a hash of a product as the file has it, but for the stock: that is set once, and then only moves."""
    plain = {**data, "variants": [{**each, "stock": 0} for each in data["variants"]]}
    return sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()


def _refusal(draft: Draft, exc: DatabaseError | errors.ShopError) -> Rejection:
    known = errors.from_constraint(exc) if isinstance(exc, IntegrityError) else exc
    if isinstance(known, errors.ShopError):
        return draft.reject(known.code, known.message)
    return draft.reject("database", str(exc).splitlines()[0][:300])
