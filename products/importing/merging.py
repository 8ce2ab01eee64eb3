"""What a file changes of a product that is there: three ways, field by field.

For each field three values are known: what the source said last (the base), what the shop has, and
what the file says now. The file changes a field only if the source's value has changed since; what
staff have edited stays. Where both have changed, the shop's stays and a note says so, or the file
wins if that was asked. Where no earlier value is known, the shop's is the base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from markrin.api import casing
from markrin.api.unset import UNSET, sent_fields
from products.importing.drafts import Draft, NoteKind
from products.importing.schemas import (
    ImportedImage,
    ImportedProduct,
    ImportedVariant,
)
from products.models import Variant
from products.schemas.variants import ReplacedVariant
from products.services.variants import COLUMNS as OWN_COLUMNS

COLUMNS = (*OWN_COLUMNS, "inventory_policy")
Plain = Any  # what JSON can hold
_SHORT = 120  # characters of a change that are shown
_UNKNOWN = object()


@dataclass(frozen=True)
class ShopState:
    """A product as it is in the shop: every field but `variants`, which are all of its rows, on
    sale or not, in their order.
    """

    id: UUID
    product: ImportedProduct
    variants: Sequence[Variant]


@dataclass
class Merge:
    """What becomes of a product: the fields that change, its variants if they change, in words
    what is otherwise, and what to remember of the source.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    variants: list[ReplacedVariant] | None = None
    says: list[str] = field(default_factory=list)
    memory: dict[str, Plain] = field(default_factory=dict)
    conflicts: int = 0

    @property
    def is_change(self) -> bool:
        """Whether anything of the product changes."""
        return bool(self.fields) or self.variants is not None


@dataclass(frozen=True)
class MergeRules:
    """`theirs`: where both have changed, the file wins. `partial`: a variant that the file does
    not name stays on sale.
    """

    theirs: bool = False
    partial: bool = False


def to_plain(value: object) -> Plain:
    """Return a value as JSON holds it, so that it can be remembered and compared."""
    if isinstance(value, ImportedImage):
        return [value.url, value.alt_text, value.color]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, ".2f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    return value


def describe_stated(draft: Draft) -> dict[str, Plain]:
    """Return what the draft's file says of the product, but for the stock: that is set once, and
    then only moves.
    """
    stated = {
        name: to_plain(value)
        for name, value in sent_fields(draft.product).items()
        if name != "variants"
    }
    if "also_in" in stated:
        stated["also_in"] = to_plain(draft.product.further_paths)
    if "images" in stated:
        stated["images"] = [
            [
                url,
                text if draft.has_image_texts else None,
                color if draft.has_image_colors else None,
            ]
            for url, text, color in stated["images"]
        ]
    if draft.product.variants is not UNSET:
        stated["variants"] = {
            each.sku: _describe_variant(each) for each in draft.product.variants
        }
        stated["order"] = [each.sku for each in draft.product.variants]
    return stated


def _describe_variant(variant: ImportedVariant) -> dict[str, Plain]:
    return {
        name: to_plain(value)
        for name, value in sent_fields(variant).items()
        if name not in ("sku", "stock")
    }


def merge_product(
    draft: Draft,
    shop: ShopState,
    memory: Mapping[str, Plain] | None,
    rules: MergeRules,
) -> Merge:
    """Return what the draft changes of the product, and note in the draft what stays the shop's."""
    merge = Merge(memory=dict(memory or {}))
    stated = describe_stated(draft)
    for name, said in stated.items():
        if name in ("variants", "order"):
            continue
        value = getattr(draft.product, name)
        if name == "also_in":
            value = draft.product.further_paths
        if name == "images":
            if not said and "images" not in merge.memory:
                continue  # nothing is known of where those came from that the shop has
            value = _keep_image_words(draft, value, shop.product.images)
        _merge_field(merge, draft, rules, name, said, value, shop)
    if draft.product.variants is not UNSET:
        _VariantMerge(merge, draft, shop, rules).run(stated)
    return merge


def _merge_field(
    merge: Merge,
    draft: Draft,
    rules: MergeRules,
    name: str,
    said: Plain,
    value: object,
    shop: ShopState,
) -> None:
    mine, theirs = to_plain(getattr(shop.product, name)), to_plain(value)
    if name == "also_in":
        mine = to_plain(shop.product.further_paths)
    base = merge.memory.get(name, _UNKNOWN)
    if theirs == mine or (base is not _UNKNOWN and said == base):
        merge.memory[name] = said
    elif base in (_UNKNOWN, mine) or _alike(base, mine) or rules.theirs:
        merge.memory[name] = said
        merge.fields[name] = value
        merge.says.append(_describe_change(name, mine, theirs))
    else:
        merge.conflicts += 1
        text = _describe_conflict(mine, theirs)
        draft.note(
            NoteKind.KEPT, text, column=draft.column_of(casing.to_camel(name))
        )


def _alike(base: Plain, mine: Plain) -> bool:
    """Whether images whose texts or colours the source did not name are those of the shop."""
    if not isinstance(base, list) or not isinstance(mine, list):
        return False
    pairs = [
        (one, other)
        for one, other in zip(base, mine, strict=False)
        if isinstance(one, list) and isinstance(other, list)
    ]
    return len(pairs) == len(base) == len(mine) and all(
        said in (None, there)
        for one, other in pairs
        for said, there in zip(one, other, strict=False)
    )


def _keep_image_words(
    draft: Draft, given: Sequence[ImportedImage], there: Any
) -> list[ImportedImage]:
    """Return the images with the texts and the colours they have, where the file says nothing of
    them.
    """
    known = {image.url: image for image in there}
    kept = []
    for image in given:
        own = known.get(image.url, ImportedImage(url=image.url))
        text = image.alt_text if draft.has_image_texts else own.alt_text
        color = image.color if draft.has_image_colors else own.color
        kept.append(replace(image, alt_text=text, color=color))
    return kept


class _VariantMerge:
    """Merges the variants of one product, told apart by SKU."""

    def __init__(
        self, merge: Merge, draft: Draft, shop: ShopState, rules: MergeRules
    ) -> None:
        self.merge, self.draft, self.rules = merge, draft, rules
        self.there = {variant.sku: variant for variant in shop.variants}
        self.active = [each.sku for each in shop.variants if each.is_active]
        known = merge.memory.get("variants")
        self.known: dict[str, dict[str, Plain]] = dict(known or {})
        self.is_known = known is not None
        self.rows: dict[str, ReplacedVariant] = {}

    def run(self, stated: Mapping[str, Plain]) -> None:
        """Set the variants of the merge, if they change, and what to remember of them."""
        said: dict[str, dict[str, Plain]] = stated["variants"]
        remembered = {} if not self.rules.partial else dict(self.known)
        assert self.draft.product.variants is not UNSET  # noqa: S101 (the caller has looked)
        for place, given in enumerate(self.draft.product.variants):
            remembered[given.sku] = self._merge_one(given, said[given.sku], place)
        order = self._order(stated["order"])
        self.merge.memory["variants"] = remembered
        self.merge.memory["order"] = stated["order"]
        wanted = [self.rows[sku] for sku in order]
        now = [_columns_of(self.there[sku]) for sku in self.active]
        if [_columns_of(each) for each in wanted] != now:
            self.merge.variants = wanted

    def _merge_one(
        self, given: ImportedVariant, said: dict[str, Plain], place: int
    ) -> dict[str, Plain]:
        """Decide about a variant that the file names; return what to remember of it."""
        mine = self.there.get(given.sku)
        base = self.known.get(given.sku, {})
        if mine is None:
            self.rows[given.sku] = new_row(given)
            self.merge.says.append(f"new variant {given.sku}")
            return base | said
        if not mine.is_active and given.sku in self.known and not self.rules.theirs:
            return base | said  # staff have taken it off sale
        if not mine.is_active:
            self.merge.says.append(f"variant {given.sku} on sale again")
        changed: dict[str, object] = {}
        remembered = dict(base)
        for name, value in said.items():
            own = to_plain(getattr(mine, name))
            if value == own or (name in base and value == base[name]):
                remembered[name] = value
            elif base.get(name, own) == own or self.rules.theirs:
                remembered[name] = value
                changed[name] = getattr(given, name)
                self.merge.says.append(
                    f"{given.sku} {_describe_change(name, own, value)}"
                )
            else:
                self._note_conflict(given.sku, name, place, own, value)
        kept = {name: getattr(mine, name) for name in COLUMNS}
        self.rows[given.sku] = ReplacedVariant(**{**kept, **changed, "stock": None})
        return remembered

    def _note_conflict(
        self, sku: str, name: str, place: int, mine: Plain, theirs: Plain
    ) -> None:
        self.merge.conflicts += 1
        lines = self.draft.lines
        self.draft.note(
            NoteKind.KEPT,
            f"{sku}: {_describe_conflict(mine, theirs)}",
            column=self.draft.column_of(casing.to_camel(name), variant=True),
            line=lines[place] if place < len(lines) else None,
        )

    def _order(self, said: Sequence[str]) -> list[str]:
        """Return the SKUs that are on sale from now on, in their order."""
        left = []
        for sku in self.active:
            if sku in self.rows:
                continue
            staffs_own = self.is_known and sku not in self.known
            if self.rules.partial or (staffs_own and not self.rules.theirs):
                left.append(sku)
                mine = self.there[sku]
                kept = {name: getattr(mine, name) for name in COLUMNS}
                self.rows[sku] = ReplacedVariant(**{**kept, "stock": None})
            else:
                self.merge.says.append(f"variant {sku} off sale")
        named = [sku for sku in said if sku in self.rows]
        if said == self.merge.memory.get("order") or self.rules.partial:
            # The source's order has not changed: staff's stands, and what is new comes behind.
            stays = [sku for sku in self.active if sku in self.rows]
            return stays + [sku for sku in named if sku not in stays]
        return named + left


def new_row(given: ImportedVariant) -> ReplacedVariant:
    """Return a variant that the shop does not have yet, with its first pieces."""
    # the schema has made a value of each field's type
    return ReplacedVariant(**{"stock": 0, **sent_fields(given)})  # type: ignore[arg-type]


def _columns_of(variant: Variant | ReplacedVariant) -> list[object]:
    return [getattr(variant, name) for name in COLUMNS]


def _describe_change(name: str, before: Plain, after: Plain) -> str:
    """Return what is otherwise in short words: values where they are short, else the names."""
    words = name.replace("_", " ")
    if name == "category":
        before, after = (" > ".join(value or ["none"]) for value in (before, after))
    if name == "also_in":
        before, after = (
            "; ".join(" > ".join(path) for path in value)
            for value in (before, after)
        )
    short = not isinstance(after, list | dict) and len(f"{before}{after}") <= _SHORT
    if not short:
        return words
    return f"{words} {_show(before)} → {_show(after)}"


def _describe_conflict(mine: Plain, theirs: Plain) -> str:
    return (
        "Both the shop and the file have changed this. The shop's stays:"
        f" {_show(mine)}; the file has: {_show(theirs)}."
    )


def _show(value: Plain) -> str:
    if value is None or value in ("", []):
        return "none"
    text = (
        ", ".join(str(each) for each in value) if isinstance(value, list) else value
    )
    return str(text) if len(str(text)) <= _SHORT else f"{str(text)[:_SHORT]}…"
