"""A product's images: uploaded ones, kept by us, and links."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max

from markrin.api.errors import NotFound
from markrin.cache.tags import invalidate
from markrin.db import transactions
from products import errors
from products.models import Product, ProductImage
from products.models.product import MAX_IMAGES
from products.schemas.images import (
    ImageOrder,
    ImageText,
    LinkedImage,
    UploadedImage,
)
from products.schemas.products import ImageInput
from products.services import media_files


def upload_image(body: UploadedImage, *, product_id: UUID) -> UUID:
    """Add a picture behind the product's other images, encoded anew with its thumbnails;
    return the image's id.

    Locks: the product.

    Raises:
        NotFound: there is no such product.
        TooManyImages: it has MAX_IMAGES already.
    """
    with (
        media_files.store_picture(body.file, "products") as stored,
        transaction.atomic(durable=True),
    ):
        product = _lock_product(product_id)
        if product.images.count() >= MAX_IMAGES:
            raise errors.TooManyImages
        last = product.images.aggregate(last=Max("position"))["last"]
        image = ProductImage.objects.create(
            product=product,
            file=stored.name,
            width=stored.width,
            height=stored.height,
            thumbnails=stored.thumbnails,
            alt_text=body.alt_text,
            color=body.color,
            position=0 if last is None else last + 1,
        )
        return image.pk


@transactions.durable
def link_image(body: LinkedImage, *, product_id: UUID) -> UUID:
    """Add a picture that stands elsewhere, by its https address, behind the product's
    others; return the image's id.

    Locks: the product.

    Raises:
        NotFound: there is no such product.
        TooManyImages: it has MAX_IMAGES already.
    """
    product = _lock_product(product_id)
    if product.images.count() >= MAX_IMAGES:
        raise errors.TooManyImages
    last = product.images.aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    return ProductImage.objects.create(
        product=product,
        external_url=body.url,
        alt_text=body.alt_text,
        color=body.color,
        position=position,
    ).pk


@transactions.durable
def update_image(body: ImageText, *, product_id: UUID, image_id: UUID) -> None:
    """Change what stands for the image where it cannot be seen, and the colour it shows.

    Raises:
        NotFound: the product has no such image.
    """
    image = _lock_image(product_id, image_id)
    image.alt_text = body.alt_text
    if body.color is not None:
        image.color = body.color
    image.save(update_fields=["alt_text", "color", "updated_at"])


@transactions.durable
def delete_image(*, product_id: UUID, image_id: UUID) -> None:
    """Take the image off the product; its files go after the commit.

    Raises:
        NotFound: the product has no such image.
    """
    image = _lock_image(product_id, image_id)
    _remove_files([image])
    image.delete()


@transactions.durable
def order_images(body: ImageOrder, *, product_id: UUID) -> None:
    """Put the product's images into this order; the first is the one that lists show.

    Locks: the product.

    Raises:
        NotFound: there is no such product.
        ImageOrderIncomplete: these are not exactly its images.
    """
    product = _lock_product(product_id)
    images = {image.pk: image for image in product.images.all()}
    if set(body.ids) != images.keys():
        raise errors.ImageOrderIncomplete
    for position, image_id in enumerate(body.ids):
        images[image_id].position = position
    ProductImage.objects.bulk_update(images.values(), ["position"])
    invalidate(f"product:{product_id}", "products")


@transactions.requires_transaction
def set_images(product: Product, given: Sequence[ImageInput]) -> None:
    """Make these the product's images: known addresses stay, https links are added, what is
    left out goes.

    The caller's transaction has locked the product.

    Raises:
        ImageUnknown: an address on our own storage is not that of an image of this product.
    """
    left: dict[
        str, list[ProductImage]
    ] = {}  # one address may stand for several images
    for one in product.images.all():
        left.setdefault(one.source_url or _get_image_url(one), []).append(one)
    # A picture that was copied in is known by where it came from, and by where it is now.
    origins = {
        _get_image_url(one): one.source_url
        for images in left.values()
        for one in images
        if one.source_url
    }
    new = []
    for position, row in enumerate(given):
        known = left.get(origins.get(row.url, row.url))
        image = known.pop(0) if known else None
        if image is None and not row.url.startswith("https://"):
            raise errors.ImageUnknown(url=row.url)
        image = image or ProductImage(product=product, external_url=row.url)
        image.position, image.alt_text = position, row.alt_text
        if row.color is not None:
            image.color = row.color
        new.append(image)
    out = [image for images in left.values() for image in images]
    _remove_files(out)
    ProductImage.objects.filter(pk__in=[image.pk for image in out]).delete()
    for image in new:
        image.save()


def _get_image_url(image: ProductImage) -> str:
    return (
        default_storage.url(image.file.name) if image.file else image.external_url
    )


def _lock_product(product_id: UUID) -> Product:
    product = Product.objects.filter(pk=product_id).locked().first()
    if product is None:
        raise NotFound
    return product


def _lock_image(product_id: UUID, image_id: UUID) -> ProductImage:
    image = (
        ProductImage.objects.filter(pk=image_id, product=product_id)
        .select_for_update(no_key=True)
        .first()
    )
    if image is None:
        raise NotFound
    return image


def _remove_files(images: Iterable[ProductImage]) -> None:
    media_files.remove_pictures_on_commit(images)
