"""The strict input types: everything that enters the shop is one of these.

Each says its limits once: `_check` enforces them and `limits` is their JSON Schema, from
which the OpenAPI document is made. In a `QuerySchema` the same types read strings. A value
is taken or refused, never bent: the only changes are Unicode's NFC form, surrounding white
space of free text, and canonical spellings (e-mail, telephone, links)."""

from markrin.api.fields.base import Field, JSONSchema, Message, refuse
from markrin.api.fields.compound import CommaSeparated, File, Image, List, Nested
from markrin.api.fields.number import (
    Bool,
    Int,
    Money,
    Percent,
    QueryMoney,
    QuotedMoney,
)
from markrin.api.fields.text import (
    Email,
    Enum,
    HttpsUrl,
    PageSlug,
    Phone,
    Secret,
    Slug,
    Text,
    Token,
    Uuid,
)
from markrin.api.fields.time import Date, Timestamp

__all__ = [
    "Bool",
    "CommaSeparated",
    "Date",
    "Email",
    "Enum",
    "Field",
    "File",
    "HttpsUrl",
    "Image",
    "Int",
    "JSONSchema",
    "List",
    "Message",
    "Money",
    "Nested",
    "PageSlug",
    "Percent",
    "Phone",
    "QueryMoney",
    "QuotedMoney",
    "Secret",
    "Slug",
    "Text",
    "Timestamp",
    "Token",
    "Uuid",
    "refuse",
]
