"""Idempotency keys, to find what a request has led to."""

from django.contrib import admin

from markrin.admin.base import (
    ReadOnlyAdmin,
)
from orders.models import (
    IdempotencyKey,
)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("scope", "created_at", "result_id")
    fields = ("scope", "result_id", "created_at")
    search_fields = ("result_id__exact",)
