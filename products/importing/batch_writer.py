"""Writes valid drafts a batch at a time: few statements for hundreds of products, each
product whole or not at all.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    connection,
    transaction,
)
from django.db.models import QuerySet

from markrin.api import errors
from markrin.cache.tags import invalidate
from products.importing import memory, merging, product_updates, shop_state
from products.importing.category_paths import CategoryPaths
from products.importing.conflicts import Conflicts
from products.importing.drafts import Draft, ProductChange, Rejection
from products.importing.merging import MergeRules
from products.importing.new_products import NewProducts, get_path
from products.models import Product

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EVERYTHING = MergeRules()


@dataclass
class Outcome:
    """What became of some drafts. `written` are those that are in the shop now."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    changes: list[ProductChange] = field(default_factory=list)
    written: list[Draft] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejections += other.rejections
        self.changes += other.changes
        self.written += other.written


class BatchWriter:
    """Writes the products of one source; with `dry_run` everything is tried, and rolled back.

    Where the file `is_export`, a product may be named by its id."""

    def __init__(
        self,
        source: str,
        *,
        dry_run: bool,
        is_export: bool = False,
        rules: MergeRules = _EVERYTHING,
    ) -> None:
        self.source, self.dry_run, self.is_export = source, dry_run, is_export
        self.rules = rules
        self.categories = CategoryPaths()
        self._conflicts = Conflicts(keep=dry_run)
        self._new = NewProducts(source, keep_slugs=dry_run)

    def write(self, drafts: Sequence[Draft]) -> Outcome:
        """Write the drafts in one transaction. If the database refuses something in it,
        each gets one of its own, so that only what is refused is left out.

        Locks: the products that change, in key order; a new slug's name.
        """
        stated = {draft.ref: merging.describe_stated(draft) for draft in drafts}
        hashes = {ref: hash_stated(said) for ref, said in stated.items()}
        known = self._by_ref(
            Product.objects.only("source", "source_ref", "source_hash"), hashes
        )
        changed = [
            draft
            for draft in drafts
            if not self._is_known(known.get(draft.ref), draft.ref, hashes)
        ]
        outcome = Outcome(unchanged=len(drafts) - len(changed))
        refs = {draft.ref for draft in changed}
        outcome.written = [draft for draft in drafts if draft.ref not in refs]
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
        if not ids:
            return own
        return {str(each.pk): each for each in products.filter(pk__in=ids)} | own

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

    def _write(self, drafts: Sequence[Draft], hashes: dict[str, str]) -> Outcome:
        notes = {draft.ref: len(draft.notes) for draft in drafts}
        try:
            with transaction.atomic():
                outcome = self._try(drafts, hashes)
                # what PostgreSQL would else say at the end of a transaction around this one
                connection.check_constraints()
                if self.dry_run:
                    transaction.set_rollback(True)
        except (IntegrityError, DataError, errors.ShopError) as exc:
            self.categories.rolled_back()
            for draft in drafts:
                del draft.notes[notes[draft.ref] :]
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
        there = self._by_ref(
            Product.objects.locked(), [draft.ref for draft in drafts]
        )
        found = self._conflicts.find(drafts, there)
        refused = {each.ref for each in found}
        left = [draft for draft in drafts if draft.ref not in refused]
        new = [draft for draft in left if draft.ref not in there]
        old = [(there[draft.ref], draft) for draft in left if draft.ref in there]
        outcome = Outcome(created=len(new), rejections=found, written=left)
        if new:
            named = [path for draft in new for path in draft.product.further_paths]
            ids = self.categories.resolve([*map(get_path, new), *named])
            outcome.changes += self._new.insert(new, ids, hashes)
        if old:
            self._update(old, hashes, outcome)
        if outcome.changes:
            invalidate("products", "categories")
        return outcome

    def _update(
        self,
        pairs: Sequence[tuple[Product, Draft]],
        hashes: Mapping[str, str],
        outcome: Outcome,
    ) -> None:
        states = shop_state.load_states(product for product, _ in pairs)
        before = memory.load_memory(self.source, states)
        changes, said = [], {}
        for product, draft in pairs:
            merge = merging.merge_product(
                draft, states[product.pk], before.get(product.pk), self.rules
            )
            if merge.memory != before.get(product.pk):
                said[product.pk] = merge.memory
            # What another source knows of a product is that source's to say. Where something
            # of the file was not taken, the next run of it has to look again.
            known = product.source_hash
            if self._is_own(product, draft.ref):
                known = "" if merge.conflicts else hashes[draft.ref]
            if not merge.is_change:
                outcome.unchanged += 1
                continue
            outcome.updated += 1
            outcome.changes.append(
                ProductChange(
                    draft.line,
                    product.pk,
                    product.name,
                    False,
                    ", ".join(merge.says),
                    draft.ref,
                )
            )
            changes.append(
                product_updates.Change(product, merge, states[product.pk], known)
            )
        memory.save_memory(self.source, said)
        paths = [
            tuple(each.merge.fields["category"])
            for each in changes
            if "category" in each.merge.fields
        ]
        for each in changes:
            paths += each.merge.fields.get("also_in", ())
        product_updates.update_products(changes, self.categories.resolve(paths))


def hash_stated(said: Mapping[str, Any]) -> str:
    """Return a hash of what a file says of a product."""
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _reject_for(draft: Draft, exc: DatabaseError | errors.ShopError) -> Rejection:
    known = errors.from_constraint(exc) if isinstance(exc, IntegrityError) else exc
    if isinstance(known, errors.ShopError):
        return draft.reject(known.code, known.message)
    return draft.reject("database", str(exc).splitlines()[0][:300])
