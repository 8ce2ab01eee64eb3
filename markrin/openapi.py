"""The OpenAPI document, made from what each operation states."""

from drf_spectacular import openapi


class AutoSchema(openapi.AutoSchema):
    """Describes a method by its `@operation(…)`."""
