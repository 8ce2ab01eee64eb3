"""What the tables of every app rely on, as `markrin/db/shared.py` declares it."""

from django.db import migrations

from markrin.db.declared import Function
from markrin.db.operations import CreateDeclared
from markrin.db.shared import Extension, TextSearchConfiguration


class Migration(migrations.Migration):
    initial = True
    operations = [
        CreateDeclared(Extension(name="pg_trgm")),
        CreateDeclared(Extension(name="unaccent")),
        CreateDeclared(
            TextSearchConfiguration(
                name="markrin", dictionaries=["unaccent", "english_stem"]
            )
        ),
        CreateDeclared(
            Function(
                name="markrin_unaccent",
                signature="value text",
                returns="text",
                language="sql",
                options="IMMUTABLE PARALLEL SAFE STRICT",
                expression="unaccent('unaccent'::regdictionary, value)",
            )
        ),
        CreateDeclared(
            Function(
                name="markrin_search_document",
                signature="name text, brand text, collection text, material text, tags text[],"
                " description text",
                returns="tsvector",
                language="sql",
                options="IMMUTABLE PARALLEL SAFE",
                expression="(((setweight(to_tsvector('markrin'::regconfig, name), 'A'::\"char\")"
                " || setweight(to_tsvector('markrin'::regconfig,"
                " ((brand || ' '::text) || collection)), 'B'::\"char\"))"
                " || setweight(to_tsvector('markrin'::regconfig, ((material || ' '::text)"
                " || array_to_string(tags, ' '::text))), 'C'::\"char\"))"
                " || setweight(to_tsvector('markrin'::regconfig, description), 'D'::\"char\"))",
            )
        ),
    ]
