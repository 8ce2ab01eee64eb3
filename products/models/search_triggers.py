"""What PostgreSQL keeps for the search: a document of each product, and the words of them all.

A document's words stand with the weight of their field: A the name, B what a shopper chooses by
(brand, colour, gender, material), C tags, collection and sizes, D the description. Beside the
words stand keys, which are no words and are found through other tables, so that nothing has to be
written anew when a category or a colour is renamed: `@` and the id of each category that lists it,
`~` and a colour, `#` and a size; `=` and the whole name in one piece.
"""

from markrin.db.declared import Function
from markrin.db.triggers import Trigger

DOCUMENT_COLUMNS = (
    "name", "description", "category_id", "brand", "collection", "gender", "material", "tags",
    "colors", "sizes",
)  # fmt: skip

SEARCH_VECTOR = Function(
    name="products_search_vector",
    signature="words text[], label text",
    returns="tsvector",
    language="sql",
    options="IMMUTABLE PARALLEL SAFE",
    body="""
    SELECT coalesce(string_agg('''' || word || ''':' || label, ' '), '')::tsvector
    FROM unnest(words) AS word
""",
)

# Whoever looks for women's or boys' finds what is for everybody too, after what is theirs.
SEARCH_DOCUMENT = Function(
    name="products_search_document",
    signature="product products_product",
    returns="tsvector",
    language="sql",
    options="STABLE",
    body="""
    SELECT products_search_vector(markrin_search_words(product.name)
            || ('=' || markrin_search_key(product.name))
            || ('@' || replace(product.category_id::text, '-', ''))
            || ARRAY(SELECT '@' || replace(also.category_id::text, '-', '')
                FROM products_product_also_in AS also
                WHERE also.product_id = product.id ORDER BY 1), '1A')
        || products_search_vector(markrin_search_words(concat_ws(' ', product.brand,
            array_to_string(product.colors, ' '), product.material, product.gender)), '2B')
        || products_search_vector(
            markrin_search_words(concat_ws(' ', array_to_string(product.tags, ' '),
                product.collection,
                CASE product.gender WHEN 'unisex' THEN 'men women boys girls'
                    WHEN 'boys' THEN 'kids' WHEN 'girls' THEN 'kids' END))
            || ARRAY(SELECT '~' || markrin_search_key(color)
                FROM unnest(product.colors) AS color)
            || ARRAY(SELECT '#' || markrin_search_key(size)
                FROM unnest(product.sizes) AS size), '3C')
        || products_search_vector(markrin_search_words(product.description), '4D')
""",
)

_NEW = ", ".join(f"NEW.{name}" for name in DOCUMENT_COLUMNS)

DOCUMENT_WRITTEN = Trigger(
    name="products_search_written",
    when=f"BEFORE INSERT OR UPDATE OF {', '.join(DOCUMENT_COLUMNS)}, search",
    body=f"""
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.search IS NOT NULL AND OLD.search IS NOT NULL
        AND ({_NEW})
        IS NOT DISTINCT FROM
        ({_NEW.replace("NEW", "OLD")})
    THEN
        NEW.search := OLD.search;
    ELSE
        NEW.search := products_search_document(NEW);
    END IF;
    RETURN NEW;
END""",
)

# Staff alone search by the words of products that nobody may see yet. Writers of new words go one
# after another, as two that each wait for a word of the other would never end.
ADD_SEARCH_WORDS = Function(
    name="products_add_search_words",
    signature="words text[], public boolean",
    returns="void",
    body="""
DECLARE
    missing text[];
BEGIN
    SELECT array_agg(DISTINCT given.word) INTO missing FROM unnest(words) AS given (word)
    WHERE given.word !~ '^[=@~]'
    AND NOT EXISTS (
        SELECT FROM products_searchword AS known
        WHERE known.word = given.word AND known.is_public >= public
    );
    IF missing IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('products_searchword'));
        INSERT INTO products_searchword AS known (word, stem, is_public)
        SELECT word, markrin_search_stem(word), public FROM unnest(missing) AS word
        ON CONFLICT (word) DO UPDATE SET is_public = true
        WHERE NOT known.is_public AND excluded.is_public;
    END IF;
END""",
)

WORDS_OF_NEW = Trigger(
    name="products_search_words_insert",
    when="AFTER INSERT",
    for_each="STATEMENT",
    transition="NEW TABLE AS added",
    body="""
BEGIN
    PERFORM products_add_search_words(array_agg(DISTINCT lexeme), status = 'published')
    FROM added, unnest(added.search) GROUP BY status = 'published';
    RETURN NULL;
END""",
)

WORDS_OF_CHANGED = Trigger(
    name="products_search_words_update",
    when=f"AFTER UPDATE OF {', '.join(DOCUMENT_COLUMNS)}, status",
    condition=(
        "(((old.search)::text IS DISTINCT FROM (new.search)::text)"
        " OR ((old.status)::text IS DISTINCT FROM (new.status)::text))"
    ),
    body="""
BEGIN
    PERFORM products_add_search_words(tsvector_to_array(NEW.search), NEW.status = 'published');
    RETURN NULL;
END""",
)

OF_PRODUCT = (
    SEARCH_VECTOR,
    SEARCH_DOCUMENT,
    DOCUMENT_WRITTEN,
    ADD_SEARCH_WORDS,
    WORDS_OF_NEW,
    WORDS_OF_CHANGED,
)


def name_words(table: str, *, update_of: str, value: str) -> Trigger:
    """Return the trigger that adds the words of `value` (SQL of a text, of the row NEW) to those
    that are known: what a category or a colour is called can be mistyped too.
    """
    return Trigger(
        name=f"products_{table}_search_words",
        when=f"AFTER INSERT OR UPDATE OF {update_of}",
        body=f"""
BEGIN
    PERFORM products_add_search_words(markrin_search_words({value}), true);
    RETURN NULL;
END""",
    )
