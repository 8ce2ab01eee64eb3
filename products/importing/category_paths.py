"""The categories an import names by their path from the root; those that are missing are made."""

from collections.abc import Iterable
from uuid import UUID

from products.models import Category
from products.services import slugs

Path = tuple[str, ...]


class CategoryPaths:
    """Finds categories by path. `made` holds the paths of those that this import has created."""

    def __init__(self) -> None:
        self._ids: dict[Path, UUID] = {}
        self._unsure: dict[Path, UUID] = {}
        self.made: list[Path] = []

    def resolve(self, paths: Iterable[Path]) -> dict[Path, UUID]:
        """Return the categories' ids, creating what is missing. Part of the caller's
        transaction: tell how it ended.
        """
        return {path: self._find(path) for path in sorted(set(paths))}

    def committed(self) -> None:
        """Remember what the transaction has made."""
        self._ids |= self._unsure
        self.made += self._unsure
        self._unsure.clear()

    def pretended(self) -> None:
        """Remember what a dry run's transaction would have made, and that it has not."""
        self.made += [path for path in self._unsure if path not in self.made]
        self._unsure.clear()

    def rolled_back(self) -> None:
        """Forget what the transaction had made."""
        self._unsure.clear()

    def _find(self, path: Path) -> UUID:
        known = self._ids.get(path) or self._unsure.get(path)
        if known:
            return known
        parent = self._find(path[:-1]) if len(path) > 1 else None
        found = Category.objects.filter(parent=parent, name=path[-1]).first()
        if found:
            self._ids[path] = found.pk
            return found.pk
        among = Category.objects.all()
        # "Men > Shirts" and "Boys > Shirts" need different slugs; the parent's name says
        # more than a number.
        slug = slugs.find_free_slug(
            " ".join(path[-2:]), among=among, else_="category"
        )
        made = Category.objects.create(name=path[-1], slug=slug, parent_id=parent)
        self._unsure[path] = made.pk
        return made.pk
