"""The pictures of a product: several uploaded at once, ordered, described, taken away. Each
button is one service call.

The panel stands below the product's form. It works by plain forms; the script
`product-images.js` only saves the reader the reload, and lets files and pictures be
dragged."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from markrin.api.errors import Invalid, ShopError
from products.models import Product, ProductImage, Variant
from products.models.product import MAX_IMAGES
from products.schemas import images as schemas
from products.services import images


class ImagePanel:
    """Mixed into the product's ModelAdmin."""

    change_form_outer_after_template = "admin/products/images.html"
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the one that the panel's forms go to."""
        view = self.admin_site.admin_view(self.images_view)
        own = path(
            "<uuid:product_id>/images/", view, name="products_product_images"
        )
        return [own, *super().get_urls()]  # type: ignore[misc]  # the ModelAdmin's

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> Any:
        """Show the product, with its pictures below the form."""
        context = (extra_context or {}) | _build_context(
            object_id, may=_may_change(request)
        )
        # the ModelAdmin's
        return super().change_view(request, object_id, form_url, context)  # type: ignore[misc]

    def images_view(
        self, request: HttpRequest, product_id: UUID
    ) -> HttpResponseBase:
        """Do what the button says, and show the panel again: alone, where the script asks
        for it.
        """
        product = Product.objects.filter(pk=product_id).only("name").first()
        if product is None:
            raise Http404
        if not _may_change(request):
            raise PermissionDenied
        said = ""
        if request.method == "POST":
            try:
                refused = _run_action(request, product_id)
            except ShopError as refusal:
                refused = [refusal.detail]
            said = " ".join(refused) or "Saved."
            if not refused:
                self.log_change(  # type: ignore[attr-defined]  # the ModelAdmin's
                    request, product, f"Images: {request.POST.get('do', '')[:20]}"
                )
        if request.headers.get("X-Requested-With") == "fetch":
            context = _build_context(str(product_id), may=True) | {"said": said}
            return TemplateResponse(request, "admin/products/images.html", context)
        if said:
            messages.add_message(
                request,
                messages.SUCCESS if said == "Saved." else messages.ERROR,
                said,
            )
        return HttpResponseRedirect(
            reverse("admin:products_product_change", args=[product_id]) + "#images"
        )


def _may_change(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("products.change_product"))


def _build_context(product_id: str, *, may: bool) -> dict[str, object]:
    try:
        rows = ProductImage.objects.filter(product=UUID(product_id)).order_by(
            "position", "pk"
        )
    except ValueError:
        return {}
    images = [
        {
            "id": row.pk,
            "alt_text": row.alt_text,
            "color": row.color,
            "small": _small_url(row),
            "whole": _full_url(row),
        }
        for row in rows
    ]
    return {
        "images": images,
        "images_url": reverse("admin:products_product_images", args=[product_id]),
        "may_change_images": may,
        "most_images": MAX_IMAGES,
        "image_colors": sorted(
            set(
                Variant.objects.filter(product=UUID(product_id), is_active=True)
                .exclude(color="")
                .values_list("color", flat=True)
            )
            | {row.color for row in rows if row.color}
        ),
    }


def _small_url(image: ProductImage) -> str:
    name = image.thumbnails.get("400") or next(iter(image.thumbnails.values()), "")
    return str(default_storage.url(name)) if name else _full_url(image)


def _full_url(image: ProductImage) -> str:
    return (
        str(default_storage.url(image.file.name))
        if image.file
        else image.external_url
    )


def _run_action(request: HttpRequest, product_id: UUID) -> list[str]:
    """Do what the button says, and return what was refused of it.

    Raises:
        ShopError: all of it is refused.
    """
    match request.POST.get("do"):
        case "upload":
            return _upload_files(request, product_id)
        case "link":
            link = schemas.LinkImage().load(
                _read_fields(request, "url", "alt_text")
            )
            images.link_image(link, product_id=product_id)
        case "describe":
            text = schemas.UpdateImage().load(
                _read_fields(request, "alt_text", "color")
            )
            images.update_image(
                text, product_id=product_id, image_id=_read_image_id(request)
            )
        case "delete":
            images.delete_image(
                product_id=product_id, image_id=_read_image_id(request)
            )
        case "up" | "down" as way:
            _move_image(
                product_id, _read_image_id(request), -1 if way == "up" else 1
            )
        case "order":
            order = schemas.OrderImages().load({"ids": request.POST.getlist("ids")})
            images.order_images(order, product_id=product_id)
        case _:
            return ["There is no such button."]
    return []


def _read_fields(request: HttpRequest, *names: str) -> dict[str, str]:
    keys = {"alt_text": "altText"}
    return {keys.get(name, name): request.POST.get(name, "") for name in names}


def _read_image_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("image", ""))
    except ValueError as exc:
        raise Invalid.at("/image", "format", "This is not an image.") from exc


def _upload_files(request: HttpRequest, product_id: UUID) -> list[str]:
    """Take the files one by one, in their order; return why some were refused."""
    files = request.FILES.getlist("files")
    if not files:
        return ["Choose one or more pictures first."]
    refused = []
    for file in files:
        try:
            picture = schemas.UploadImage().load({"file": file})
            images.upload_image(picture, product_id=product_id)
        except Invalid as exc:
            refused.append(f"{file.name}: {exc.errors[0]['message']}")
        except ShopError as exc:
            refused.append(f"{file.name}: {exc.detail}")
    return refused


def _move_image(product_id: UUID, image_id: UUID, by: int) -> None:
    ids = list(
        ProductImage.objects.filter(product=product_id)
        .order_by("position", "pk")
        .values_list("pk", flat=True)
    )
    if image_id not in ids:
        return
    place = ids.index(image_id)
    other = min(max(place + by, 0), len(ids) - 1)
    ids[place], ids[other] = ids[other], ids[place]
    images.order_images(schemas.ImageOrder(ids=ids), product_id=product_id)
