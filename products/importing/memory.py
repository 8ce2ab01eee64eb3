"""What a source has said of its products last: the base that a later file is compared with."""

import json
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from markrin.db import copy
from products.models import ImportedValues


def load_memory(source: str, ids: Iterable[UUID]) -> dict[UUID, dict[str, object]]:
    """Return what the source has said of these products, by id."""
    rows = ImportedValues.objects.filter(source=source, product__in=list(ids))
    return dict(rows.values_list("product_id", "values"))


def insert_memory(
    source: str, said: Iterable[tuple[UUID, Mapping[str, object]]]
) -> None:
    """Remember what the source says of products that the caller's transaction has made."""
    copy.copy_rows(
        "products_importedvalues",
        ("product_id", "source", "values"),
        ((pk, source, json.dumps(values)) for pk, values in said),
    )


def save_memory(source: str, said: Mapping[UUID, Mapping[str, object]]) -> None:
    """Remember what the source says of products now. A step inside the caller's transaction."""
    if not said:
        return
    rows = [{"id": str(pk), "said": values} for pk, values in said.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO products_importedvalues (product_id, source, values)
            SELECT id, %s, said FROM jsonb_to_recordset(%s) AS row (id uuid, said jsonb)
            ON CONFLICT (product_id, source) DO UPDATE SET values = EXCLUDED.values""",
            [source, json.dumps(rows)],
        )
