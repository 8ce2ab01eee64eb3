"""What every app's tables rely on: extensions, and the text search configuration that folds
accents and stems.
"""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(
            """
            CREATE TEXT SEARCH CONFIGURATION public.markrin (COPY = pg_catalog.english);
            ALTER TEXT SEARCH CONFIGURATION public.markrin
                ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, pg_catalog.english_stem;

            -- unaccent() is only STABLE, as its dictionary could be changed; ours never is.
            CREATE FUNCTION public.markrin_unaccent(value text) RETURNS text
            LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
            RETURN public.unaccent('public.unaccent'::regdictionary, value);

            -- What a search looks through, its weight by where a word stands.
            CREATE FUNCTION public.markrin_search_document(
                name text, brand text, collection text, material text, tags text[], description text
            ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN setweight(to_tsvector('public.markrin'::regconfig, name), 'A')
                || setweight(to_tsvector('public.markrin'::regconfig, brand || ' ' || collection), 'B')
                || setweight(to_tsvector('public.markrin'::regconfig, material || ' ' || array_to_string(tags, ' ')), 'C')
                || setweight(to_tsvector('public.markrin'::regconfig, description), 'D');
            """,
            """
            DROP FUNCTION public.markrin_search_document;
            DROP FUNCTION public.markrin_unaccent;
            DROP TEXT SEARCH CONFIGURATION public.markrin;
            """,
        ),
    ]
