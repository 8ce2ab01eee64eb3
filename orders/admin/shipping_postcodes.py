"""The page of a zone's list of postal codes: a file or pasted lines, looked at before they are
saved.
"""

from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from markrin.admin.base import ModelAdmin
from markrin.admin.forms import StrictForm
from markrin.admin.widgets import PlainFile
from markrin.api.errors import ShopError
from orders.models import ShippingPostcode, ShippingZone
from orders.postcode_lists import CodeList, decode_list, read_codes
from orders.services import shipping
from orders.services.shipping import ListChange

MAX_FILE_BYTES: Final = (
    40 * 1024**2
)  # India's whole directory of post offices has 20 MB
SHOWN: Final = 12
_MODES: Final = {
    "replace": "These are all: replace the list",
    "add": "Add these to the list",
    "remove": "Take these off the list",
}


class ListForm(StrictForm):
    mode = forms.ChoiceField(
        choices=list(_MODES.items()),
        label="What to do",
        widget=UnfoldAdminSelectWidget,
    )
    file = forms.FileField(
        required=False,
        label="CSV file",
        widget=PlainFile(".csv,.txt,text/csv"),
        help_text="with a column called pincode, postcode or zip, or of nothing but codes",
    )
    codes = forms.CharField(
        required=False,
        label="Or the codes themselves",
        max_length=2_400_000,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="one a line, or with commas between them",
    )

    def __init__(self, *args: object, country: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_file(self) -> "UploadedFile[bytes] | None":
        """Refuse what is too large."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > MAX_FILE_BYTES:
            raise forms.ValidationError(
                f"A file has at most {MAX_FILE_BYTES // 1024**2} MB."
            )
        return file

    def clean(self) -> dict[str, object]:
        """Read the list; what is wrong in it is shown beside the field that it came by."""
        found = self.cleaned_data
        file, text = found.get("file"), found.get("codes") or ""
        if self.errors:
            return found
        if file is None and not text.strip() and found.get("mode") != "replace":
            self.add_error("file", "Choose a file, or write codes below.")
            return found
        try:
            text = decode_list(file.read()) if file is not None else text
        except ValueError as refused:
            self.add_error("file", str(refused))
            return found
        listed = found["listed"] = read_codes(text, country=self.country)
        for problem in listed.problems:
            self.add_error("file" if file is not None else "codes", str(problem))
        if listed.problem_count > len(listed.problems):
            rest = listed.problem_count - len(listed.problems)
            self.add_error(
                None, f"{rest} more lines are wrong. Nothing has been saved."
            )
        return found


def edit_postcodes(
    page: ModelAdmin, request: HttpRequest, zone: ShippingZone
) -> HttpResponse:
    """Show the list's form; on POST say what it would change, or save it."""
    back = reverse("admin:orders_shippingzone_change", args=[zone.pk])
    try:
        country = shipping.read_list_country(zone)
    except ShopError as refused:
        page.message_user(request, refused.detail, messages.ERROR)
        return HttpResponseRedirect(back)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ListForm(*sent, country=country)
    change: ListChange | None = None
    if sent and form.is_valid():
        listed = form.cleaned_data["listed"]
        wanted = _combine(zone, listed, form.cleaned_data["mode"])
        if "_save" in request.POST:
            try:
                saved = shipping.replace_postcodes(zone_id=zone.pk, codes=wanted)
            except ShopError as refused:
                form.add_error(None, refused.detail)
            else:
                said = describe_change(saved)
                page.log_change(request, zone, f"List of postal codes: {said}")
                page.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(back)
        else:
            change = shipping.compare_postcodes(zone=zone, codes=wanted)
            # A file cannot be sent back: its codes stand in the field below it.
            form = ListForm(
                initial={
                    "mode": form.cleaned_data["mode"],
                    "codes": "\n".join(listed.codes),
                },
                country=country,
            )
            return _show(
                page, request, zone, form, back, change=change, listed=listed
            )
    return _show(page, request, zone, form, back)


def _combine(zone: ShippingZone, listed: CodeList, mode: str) -> set[str]:
    """Return the whole list as it is to be."""
    codes = set(listed.codes)
    if mode == "replace":
        return codes
    known = set(zone.postcodes.values_list("code", flat=True))
    return known | codes if mode == "add" else known - codes


def _show(
    page: ModelAdmin,
    request: HttpRequest,
    zone: ShippingZone,
    form: ListForm,
    back: str,
    *,
    change: ListChange | None = None,
    listed: CodeList | None = None,
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": f"Postal codes of {zone}",
        "original": zone,
        "opts": page.opts,
        "form": form,
        "back": back,
        "count": f"{zone.postcodes.count():,}",
        "change": change and describe_change(change, done=False),
        "listed": listed,
        "sample": list(listed.codes)[:SHOWN] if listed else [],
    }
    status = 422 if form.is_bound and form.errors else 200
    return TemplateResponse(
        request, "admin/orders/postcodes.html", context, status=status
    )


def describe_change(change: ListChange, *, done: bool = True) -> str:
    """Return a sentence about what a list becomes, or has become."""
    verb = "has" if done else "would have"
    return (
        f"The list {verb} {change.total:,} postal codes: {change.added:,} new,"
        f" {change.removed:,} taken off."
    )


def export_postcodes(zone_id: UUID) -> HttpResponse:
    """Answer with a zone's list, a code a line below its header."""
    codes = ShippingPostcode.objects.filter(zone=zone_id).order_by("code")
    lines = ["postalCode", *codes.values_list("code", flat=True)]
    return HttpResponse(
        "\r\n".join(lines) + "\r\n",
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="postal-codes.csv"',
            "Cache-Control": "no-store",
        },
    )
