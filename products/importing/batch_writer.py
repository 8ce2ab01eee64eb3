"""Writes valid drafts a batch at a time: few statements for hundreds of products, each
product whole or not at all.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from markrin.api import errors
from markrin.cache.tags import invalidate
from markrin.db import copy
from markrin.db.models import uuid7
from products.errors import ImageUnknown, SkuTaken, SlugTaken
from products.importing import exporter, product_updates
from products.importing.category_paths import CategoryPaths
from products.importing.drafts import Draft, Rejection
from products.models import FormerSlug, Product
from products.services import slugs
from products.services.stock import initial_stock
from products.services.variants import COLUMNS as VARIANT_COLUMNS
from products.transliteration import ascii_slug

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORT = 120  # characters of a change that are shown


@dataclass
class Outcome:
    """What became of some drafts."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    changes: list["ProductChange"] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejections += other.rejections
        self.changes += other.changes


@dataclass(frozen=True)
class ProductChange:
    """A product that was made, or changed: where in the file it stands, and what is
    otherwise now, if that is known.
    """

    line: int
    product_id: UUID
    name: str
    is_new: bool
    says: str = ""


class BatchWriter:
    """Writes the products of one source; with `dry_run` everything is tried, and rolled back.

    Where the file `is_export`, a product may be named by its id, and one that is in the
    shop as the file has it is unchanged, whatever an earlier file said."""

    def __init__(self, source: str, *, dry_run: bool, is_export: bool = False) -> None:
        self.source, self.dry_run, self.is_export = source, dry_run, is_export
        self.categories = CategoryPaths()
        # What an earlier, rolled back batch of a dry run would have taken.
        self._taken_skus: dict[str, str] = {}
        self._taken_slugs: set[str] = set()

    def write(self, drafts: Sequence[Draft]) -> Outcome:
        """Write the drafts in one transaction. If the database refuses something in it,
        each gets one of its own, so that only what is refused is left out.

        Locks: the products that change, in key order; a new slug's name.
        """
        hashes = {draft.ref: hash_product(draft.data) for draft in drafts}
        known = self._by_ref(
            Product.objects.only("source", "source_ref", "source_hash"), hashes
        )
        changed = [
            draft
            for draft in drafts
            if not self._is_known(known.get(draft.ref), draft.ref, hashes)
        ]
        self._says: dict[str, str] = {}
        if self.is_export:
            changed = self._unlike(changed, known)
        outcome = Outcome(unchanged=len(drafts) - len(changed))
        if changed:
            outcome.add(self._write(changed, hashes))
        return outcome

    def _by_ref(
        self, products: QuerySet[Product], refs: Iterable[str]
    ) -> dict[str, Product]:
        """Return the products that the file means, by what it calls them."""
        refs = list(refs)
        own = {
            product.source_ref: product
            for product in products.filter(source=self.source, source_ref__in=refs)
        }
        ids = [ref for ref in refs if _ID.fullmatch(ref)] if self.is_export else []
        return (
            {str(product.pk): product for product in products.filter(pk__in=ids)} | own
            if ids
            else own
        )

    def _is_own(self, product: Product, ref: str) -> bool:
        return product.source == self.source and product.source_ref == ref

    def _is_known(
        self, product: Product | None, ref: str, hashes: Mapping[str, str]
    ) -> bool:
        return (
            product is not None
            and self._is_own(product, ref)
            and product.source_hash == hashes[ref]
        )

    def _unlike(
        self, drafts: Sequence[Draft], known: Mapping[str, Product]
    ) -> list[Draft]:
        """Return the drafts that are not what the shop has, and note what is otherwise."""
        now = exporter.export_drafts(
            [known[draft.ref].pk for draft in drafts if draft.ref in known]
        )
        found = []
        for draft in drafts:
            there = now.get(known[draft.ref].pk) if draft.ref in known else None
            if there is None:
                found.append(draft)
                continue
            _keep_image_texts(draft, there)
            said = _stated_data(draft, there.data)
            mine = _stated_data(draft, draft.data)
            if hash_product(said) != hash_product(mine):
                found.append(draft)
                self._says[draft.ref] = _describe_differences(said, mine)
        return found

    def _write(self, drafts: Sequence[Draft], hashes: dict[str, str]) -> Outcome:
        try:
            with transaction.atomic():
                outcome = self._try(drafts, hashes)
                if self.dry_run:
                    transaction.set_rollback(True)
        except (IntegrityError, DataError, errors.ShopError) as exc:
            self.categories.rolled_back()
            if len(drafts) == 1:
                return Outcome(rejections=[_reject_for(drafts[0], exc)])
            outcome = Outcome()
            for draft in drafts:
                outcome.add(self._write([draft], hashes))
            return outcome
        except BaseException:
            self.categories.rolled_back()
            raise
        if self.dry_run:
            self.categories.pretended()
        else:
            self.categories.committed()
        return outcome

    def _try(self, drafts: Sequence[Draft], hashes: dict[str, str]) -> Outcome:
        there = self._by_ref(Product.objects.locked(), [draft.ref for draft in drafts])
        # What another source knows of a product is that source's to say.
        hashes = hashes | {
            ref: each.source_hash
            for ref, each in there.items()
            if not self._is_own(each, ref)
        }
        rejections = {each.ref: each for each in self._conflicts(drafts, there)}
        left = [draft for draft in drafts if draft.ref not in rejections]
        new = [draft for draft in left if draft.ref not in there]
        old = [(there[draft.ref], draft) for draft in left if draft.ref in there]
        ids = self.categories.resolve(tuple(draft.data["category"]) for draft in left)
        made: list[ProductChange] = []
        if new:
            made = self._insert(new, ids, hashes)
        if old:
            product_updates.update_products(old, ids, hashes)
        made += [
            ProductChange(
                draft.line, each.pk, each.name, False, self._says.get(draft.ref, "")
            )
            for each, draft in old
        ]
        if made:
            invalidate("products", "categories")
        return Outcome(
            created=len(new),
            updated=len(old),
            rejections=list(rejections.values()),
            changes=made,
        )

    def _conflicts(
        self, drafts: Sequence[Draft], there: dict[str, Product]
    ) -> Iterable[Rejection]:
        """Yield what another product stands in the way of: a SKU, or a slug that the file names."""
        wanted = [
            variant["sku"] for draft in drafts for variant in draft.data["variants"]
        ]
        owners = _find_sku_owners(wanted)
        named = [slug for draft in drafts if (slug := draft.data.get("slug"))]
        slug_owners: dict[str, UUID | str] = {}
        if named:
            slug_owners |= dict(
                Product.objects.filter(slug__in=named).values_list("slug", "pk")
            )
        named_ids: set[UUID | str] = set()
        for draft in drafts:
            own = there[draft.ref].pk if draft.ref in there else draft.ref
            if problem := _find_problem(
                draft, is_new=draft.ref not in there, is_twice=own in named_ids
            ):
                yield problem
                continue
            named_ids.add(own)
            slug = draft.data.get("slug", "")
            if slug and (
                slug_owners.setdefault(slug, own) != own or slugs.is_reserved(slug)
            ):
                yield draft.reject(
                    SlugTaken.code,
                    SlugTaken.message,
                    column=draft.columns.get("slug", "slug"),
                )
                continue
            for line, variant in zip(draft.lines, draft.data["variants"], strict=True):
                taken = owners.get(
                    variant["sku"], self._taken_skus.get(variant["sku"], own)
                )
                if taken != own:
                    column = draft.columns.get("sku", "sku")
                    yield draft.reject(
                        SkuTaken.code,
                        f"{SkuTaken.message} {variant['sku']}",
                        column=column,
                        line=line,
                    )
                    break
            else:
                mine = {variant["sku"]: own for variant in draft.data["variants"]}
                owners |= mine
                if self.dry_run:
                    self._taken_skus |= mine

    def _insert(
        self,
        drafts: Sequence[Draft],
        categories: dict[tuple[str, ...], UUID],
        hashes: dict[str, str],
    ) -> list[ProductChange]:
        made = []
        now = timezone.now()
        chosen = self._slugs(drafts)
        products, variants, images = [], [], []
        pieces: dict[UUID, int] = {}
        for draft in drafts:
            data, pk = draft.data, uuid7()
            seo = data["seo"]
            made.append(ProductChange(draft.line, pk, data["name"], is_new=True))
            products.append(
                (
                    pk,
                    now,
                    data["name"],
                    chosen[draft.ref],
                    data["description"],
                    categories[tuple(data["category"])],
                    data["brand"],
                    data["collection"],
                    data["gender"].value,
                    data["material"],
                    data["base_price"],
                    data["sale_price"],
                    data["sale_starts_at"],
                    data["sale_ends_at"],
                    data["tags"],
                    data["is_featured"],
                    data["is_new_arrival"],
                    data["status"].value,
                    seo["title"],
                    seo["description"],
                    any(each["stock"] for each in data["variants"]),
                    *_collect_options(data["variants"]),
                    *_collect_options(
                        [each for each in data["variants"] if each["stock"]]
                    ),
                    self.source,
                    draft.ref,
                    hashes[draft.ref],
                )
            )
            for position, each in enumerate(data["variants"]):
                variant = uuid7()
                variants.append(
                    (
                        variant,
                        now,
                        pk,
                        *(each[name] for name in VARIANT_COLUMNS),
                        position,
                    )
                )
                pieces[variant] = each["stock"]
            for position, each in enumerate(data["images"]):
                images.append(
                    (uuid7(), now, pk, each["url"], each["alt_text"], position)
                )
        FormerSlug.objects.filter(slug__in=list(chosen.values())).delete()
        copy.copy_rows("products_product", _PRODUCT, products)
        copy.copy_rows("products_variant", _VARIANT, variants)
        initial_stock.insert_initial_stock(pieces)
        if images:
            copy.copy_rows("products_productimage", _IMAGE, images)
        return made

    def _slugs(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Return a slug for each draft: the one the file names, else the name's; where that
        is taken, with the ref.
        """
        tries = {draft.ref: _suggest_slugs(draft) for draft in drafts}
        asked = {slug for candidates in tries.values() for slug in candidates}
        taken = _find_taken_slugs(
            asked,
            but_former={draft.data["slug"] for draft in drafts if "slug" in draft.data},
        )
        taken |= self._taken_slugs
        found = {}
        for ref, candidates in tries.items():
            free = (
                slug
                for slug in candidates
                if slug not in taken and not slugs.is_reserved(slug)
            )
            # The id's last part is as good as unique: for a third of the same name whose
            # ref does not tell it apart.
            found[ref] = (
                next(free, None) or f"{candidates[0][:100]}-{uuid7().hex[-12:]}"
            )
            taken.add(found[ref])
        if self.dry_run:
            self._taken_slugs |= set(found.values())
        return found


def _collect_options(
    variants: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """Return their colours and sizes as the triggers of the variants and their stock would
    write them: already there, they need no second version of the product's row."""
    colors, sizes = (
        {each["color"] for each in variants},
        {each["size"] for each in variants},
    )
    return sorted(colors - {""}), sorted(sizes - {""})


def _find_problem(draft: Draft, *, is_new: bool, is_twice: bool) -> Rejection | None:
    """Return what only somebody who knows the shop's products can say of a draft, if
    anything is wrong.
    """
    if is_twice:
        return draft.reject(
            "twice",
            "The file has this product already, by its other name.",
            column="product",
        )
    if not is_new:
        return None
    if not draft.data["variants"]:
        return draft.reject(
            "required", "This is required.", column=draft.columns.get("sku", "sku")
        )
    if any(not image["url"].startswith("https://") for image in draft.data["images"]):
        return draft.reject(
            ImageUnknown.code,
            ImageUnknown.message,
            column=draft.columns.get("images", "images"),
        )
    return None


def _keep_image_texts(draft: Draft, there: Draft) -> None:
    """Leave images their texts where the file says nothing of them."""
    if not draft.has_image_texts:
        texts = {image["url"]: image["alt_text"] for image in there.data["images"]}
        for image in draft.data["images"]:
            image["alt_text"] = texts.get(image["url"], image["alt_text"])


def _stated_data(draft: Draft, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return of the data what the draft's file says anything of."""
    stated = {name: value for name, value in data.items() if _is_stated(draft, name)}
    variants = [
        {name: value for name, value in each.items() if name in draft.variant_fields}
        for each in data["variants"]
    ]
    return {**stated, "variants": variants}


def _is_stated(draft: Draft, name: str) -> bool:
    """Whether the file says anything of this: a slug or images that it does not name are
    left as they are.
    """
    return name not in ("slug", "images") or bool(draft.data.get(name))


def _describe_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return what is otherwise in short words: values where they are short, else the names."""
    said = []
    for name in sorted(new.keys() | old.keys()):
        before, after = old.get(name), new.get(name)
        if name == "variants":
            before, after = (
                [{**each, "stock": 0} for each in value or []]
                for value in (before, after)
            )
        if (name == "slug" and after is None) or before == after:
            continue
        short = not isinstance(after, list | dict) and len(f"{before}{after}") <= _SHORT
        words = name.replace("_", " ")
        said.append(
            f"{words} {before if before is not None else 'none'} → {after}"
            if short
            else words
        )
    return ", ".join(said)


def _find_sku_owners(skus: list[str]) -> dict[str, object]:
    """Return which products have these SKUs: thousands, hence one parameter instead of as many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sku, product_id FROM products_variant WHERE sku = ANY(%s)", [skus]
        )
        return dict(cursor.fetchall())


def _find_taken_slugs(asked: set[str], *, but_former: set[str]) -> set[str]:
    """Return which of these slugs a product has, or has had; a slug that the file names may
    have been another's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT slug FROM products_product WHERE slug = ANY(%s)
            UNION SELECT slug FROM products_formerslug WHERE slug = ANY(%s)""",
            [list(asked), list(asked - but_former)],
        )
        return {slug for (slug,) in cursor.fetchall()}


_PRODUCT = (
    "id",
    "updated_at",
    "name",
    "slug",
    "description",
    "category_id",
    "brand",
    "collection",
    "gender",
    "material",
    "base_price",
    "sale_price",
    "sale_starts_at",
    "sale_ends_at",
    "tags",
    "is_featured",
    "is_new_arrival",
    "status",
    "seo_title",
    "seo_description",
    "in_stock",
    "colors",
    "sizes",
    "stocked_colors",
    "stocked_sizes",
    "source",
    "source_ref",
    "source_hash",
)
_VARIANT = ("id", "updated_at", "product_id", *VARIANT_COLUMNS, "position")
_IMAGE = ("id", "updated_at", "product_id", "external_url", "alt_text", "position")


def _suggest_slugs(draft: Draft) -> list[str]:
    if slug := draft.data.get("slug"):
        return [slug]
    base = slugs.slug_from_name(draft.data["name"], else_="product")
    return [base, f"{base[:60]}-{ascii_slug(draft.ref)[:50]}".strip("-")]


def hash_product(data: dict[str, Any]) -> str:
    """Return a hash of a product as the file has it, but for the stock: that is set once,
    and then only moves.
    """
    plain = {**data, "variants": [{**each, "stock": 0} for each in data["variants"]]}
    return sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()


def _reject_for(draft: Draft, exc: DatabaseError | errors.ShopError) -> Rejection:
    known = errors.from_constraint(exc) if isinstance(exc, IntegrityError) else exc
    if isinstance(known, errors.ShopError):
        return draft.reject(known.code, known.message)
    return draft.reject("database", str(exc).splitlines()[0][:300])
