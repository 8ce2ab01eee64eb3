"""Files about orders, and what staff know of customers."""

from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from markrin.admin.base import ModelAdmin, ReadOnly, TabularInline
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import StrictModelForm
from orders.admin.forms import tag_field
from orders.models import CustomerRecord, OrderAttachment
from orders.models.paperwork import MAX_TAGS


class AttachmentInline(ReadOnly, TabularInline):
    """An order's files, each with its way out."""

    model = OrderAttachment
    extra = 0
    fields = ("file", "content_type", "size", "by", "created_at")
    readonly_fields = fields
    verbose_name_plural = "files"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderAttachment]:
        # unfold has no types
        return super().get_queryset(request).defer("content").select_related("by")  # type: ignore[no-any-return]

    def file(self, kept: OrderAttachment) -> SafeString:
        link = reverse("admin:orders_order_file", args=[kept.order_id, kept.pk])
        return format_html(
            '<a class="shop-link" href="{}">{}</a> · <a class="shop-link" href="{}">delete</a>',
            link,
            kept.name,
            f"{link}delete/",
        )


class RecordForm(StrictModelForm):
    tags = SimpleArrayField(
        tag_field(),
        required=False,
        max_length=MAX_TAGS,
        widget=UnfoldAdminTextInputWidget,
        help_text="separated by commas: vip, wholesale",
    )

    class Meta:
        model = CustomerRecord
        fields = ("user", "tags", "note")
        widgets = {"note": UnfoldAdminTextareaWidget(attrs={"rows": 4})}

    def clean_tags(self) -> list[str]:
        return sorted(set(self.cleaned_data["tags"]))


@admin.register(CustomerRecord)
class CustomerRecordAdmin(ExactSearch, ModelAdmin):
    form = RecordForm
    list_display = ("user", "shown_tags", "updated_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_help_text = "a customer's whole address"
    autocomplete_fields = ("user",)
    fields = ("user", "tags", "note")
    unlogged = ("note",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["user"] if obj else []

    @admin.display(description="tags")
    def shown_tags(self, record: CustomerRecord) -> str:
        return ", ".join(record.tags)
