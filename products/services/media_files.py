"""Picture files: stored under names of our own, and removed once nothing refers to them any
more.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from markrin.api import images
from markrin.db.models import uuid7
from products.models import ProductImage


@dataclass(frozen=True)
class StoredPicture:
    """A picture in the storage: its file, its size in pixels, and its thumbnails' files by
    longest side.
    """

    name: str
    width: int
    height: int
    thumbnails: dict[str, str]

    @property
    def names(self) -> list[str]:
        return [self.name, *self.thumbnails.values()]


@contextmanager
def store_picture(
    picture: Image.Image, folder: str, *, small: bool = True
) -> Iterator[StoredPicture]:
    """Store the picture, encoded anew, and unless not `small` its thumbnails; if the block
    raises, all go again.

    Stands around the transaction that refers to them: encoding takes longer than a
    transaction should."""
    base = f"{folder}/{uuid7()}"
    whole = images.encode_image(picture)
    thumbnails = images.make_thumbnails(picture) if small else {}
    names: list[str] = []
    try:
        names.append(
            default_storage.save(
                f"{base}{whole.extension}", ContentFile(whole.content)
            )
        )
        for side, made in thumbnails.items():
            names.append(
                default_storage.save(
                    f"{base}-{side}{made.extension}", ContentFile(made.content)
                )
            )
        yield StoredPicture(
            names[0],
            whole.width,
            whole.height,
            dict(zip(thumbnails, names[1:], strict=True)),
        )
    except BaseException:
        remove_files(names)
        raise


def remove_files(names: Iterable[str]) -> None:
    """Remove files now."""
    for name in names:
        default_storage.delete(name)


def find_used(names: Iterable[str]) -> set[str]:
    """Return which of these files are some product's picture."""
    wanted = set(names)
    rows = ProductImage.objects.filter(file__in=wanted).values_list(
        "file", flat=True
    )
    return wanted & set(rows)


def remove_pictures_on_commit(images: Iterable[ProductImage]) -> None:
    """Remove these pictures' files once their rows are gone for good, but for those that another
    product's picture still is: the same bytes are kept once.
    """
    files = {
        image.file.name: [image.file.name, *image.thumbnails.values()]
        for image in images
        if image.file.name
    }

    def remove() -> None:
        used = find_used(files)
        remove_files(
            name
            for main, names in files.items()
            if main not in used
            for name in names
        )

    if files:
        transaction.on_commit(remove, robust=True)


def remove_on_commit(names: Iterable[str | None]) -> None:
    """Remove files once the rows that referred to them are gone for good. A file that
    cannot be removed is left.
    """
    doomed = [name for name in names if name]
    if doomed:
        transaction.on_commit(lambda: remove_files(doomed), robust=True)
