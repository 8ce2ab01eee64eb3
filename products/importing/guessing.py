"""Looks at a file and writes the mapping that a person then corrects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from products import csv_reader
from products.csv_reader import CsvShape, FileRefused, Line
from products.importing import conversions, words

_LOOKED_AT = 2_000  # lines
# A field, and what columns of it are called, in the order in which they are tried.
_NAMES: Final[dict[str, str]] = {
    "name": "name|title|product ?name|product ?display ?name|titel|naam|nom|nombre|nome|"
    "bezeichnung|artikelname|produktname|nazwa|libell[eé]",
    "description": "description|body|text|beschrijving|beschreibung|descripci[oó]n|descrizione|"
    "opis|omschrijving|long ?description|body ?\\(html\\)",
    "basePrice": "price|regular ?price|base ?price|prijs|preis|prix|precio|prezzo|pre[cç]o|"
    "cena|mrp|list ?price|unit ?price|verkaufspreis|vk",
    "salePrice": "sale ?price|special ?price|offer ?price|discount(ed)? ?price|aktionspreis|"
    "prix ?promo|actieprijs|selling ?price",
    "sku": "sku|variant ?sku|article ?(number|no)|artikelnummer|item ?(number|no)|"
    "r[eé]f[eé]rence|ref",
    "size": "size|maat|gr(ö|oe)(ß|ss)e|taille|talla|taglia|tamanho|rozmiar",
    "color": "colou?r|base ?colou?r|kleur|farbe|couleur|colore|cor|kolor",
    "stock": "stock|qty|quantity|inventory|on ?hand|pieces|voorraad|bestand|lagerbestand|"
    "stock ?qty|cantidad|quantit[aéà]|giacenza|estoque",
    "brand": "brand|vendor|manufacturer|merk|marke|hersteller|marque|marca|fabrikant",
    "tags": "tags?|labels?|keywords?|schlagw(ö|oe)rter|[eé]tiquettes|etiquetas",
    "images": "images?|image ?(urls?|src|links?)|photos?|pictures?|foto'?s?|bilder?|imagenes|"
    "immagini|picture ?urls?",
    "imageTexts": "image ?alt( ?text)?|alt ?text",
    "imageColors": "image ?colou?rs?",
    "gender": "gender|sex|geslacht|geschlecht|genre|g[eé]nero",
    "material": "material|fabric|materiaal|stoff|mati[eè]re|tessuto",
    "barcode": "barcode|ean|ean ?13|gtin|upc",
    "weightG": "weight ?\\(?g(rams)?\\)?|grams|gewicht ?\\(?g\\)?",
    "hsCode": "hs ?code|hsn( ?code)?|tariff ?(number|code)|zolltarifnummer",
    "originCountry": "country ?of ?origin|origin ?country|coo",
    "costPrice": "cost( ?price| ?per ?item)?|inkoopprijs|einkaufspreis|purchase ?price",
    "inventoryPolicy": "(inventory|stock) ?policy|continue ?selling( ?when ?out ?of ?stock)?|"
    "back ?orders?( ?allowed)?",
    "status": "status|published|enabled|visible|active|actief|aktiv",
    "collection": "collection|season|collectie|saison|kollektion",
    "slug": "slug|url ?key|handle|permalink",
    "seoTitle": "seo ?title|meta ?title",
    "seoDescription": "seo ?description|meta ?description",
}
_CATEGORY: Final = (
    "categor(y|ies)|category ?path|cat|group|groep|kategorie|cat[eé]gorie|categor[ií]a|type|"
    "product ?type|rubrik|warengruppe"
)
_KEYS: Final = (
    "item ?group ?id",
    "product ?id",
    "parent ?sku",
    "parent",
    "style( ?(number|no|code|id))?",
    "model",
    "code",
    "handle",
    "artikel",
    "id",
    "sku",
)
_COMMA_AMOUNT: Final = re.compile(r"\d,\d{1,2}(?!\d)")
_POINT_AMOUNT: Final = re.compile(r"\d,\d{3}\.\d")  # thousands by commas


@dataclass(frozen=True)
class Guess:
    """What was found: the mapping's text, and what a person should look at."""

    text: str
    doubts: Sequence[str]


def guess_mapping(path: Path, source: str) -> Guess:
    """Look at the first lines of a file and return a mapping for it.

    Raises:
        FileRefused: it is no CSV file in any encoding that is tried.
    """
    shape, table_header, lines = _open(path)
    header = list(table_header)
    found: dict[str, str] = {}
    for field, pattern in _NAMES.items():
        if column := _find(header, pattern, set(found.values())):
            found[field] = column
    category = _find(header, _CATEGORY, set(found.values()))
    key, doubts = _find_key(header, lines)
    if category is None:
        doubts.append("No column looks like a category: `below` names one for all.")
    doubts += [
        f"No column looks like {name}."
        for name in ("name", "basePrice")
        if name not in found
    ]
    written = _write(source, key, shape, found, category, lines)
    unused = [
        name for name in header if name not in {*found.values(), category, key}
    ]
    if unused:
        doubts.append(f"Not taken: {', '.join(unused)}.")
    notes = "".join(f"# {doubt}\n" for doubt in doubts)
    return Guess(
        f"# A guess, to be corrected: see docs/importing.md.\n{notes}\n{written}",
        doubts,
    )


def _open(path: Path) -> tuple[CsvShape, list[str], list[Line]]:
    shape = CsvShape(delimiter="")
    for encoding in ("", "cp1252"):
        try:
            with csv_reader.open_table(
                path, replace(shape, encoding=encoding)
            ) as table:
                lines = list(islice(table.lines(lambda _done: None), _LOOKED_AT))
                return CsvShape(table.delimiter, encoding), table.header, lines
        except FileRefused as refused:
            if encoding or "UTF-8" not in str(refused):
                raise
    raise AssertionError("cp1252 is tried last")


def _find(header: Sequence[str], pattern: str, taken: set[str]) -> str | None:
    """Return the column whose name is of this pattern; alternatives earlier in it come first."""
    plain = {
        name: re.sub(r"[ _.-]+", " ", name).strip().lower()
        for name in header
        if name not in taken
    }
    for name, text in plain.items():
        if re.fullmatch(pattern, text) or re.fullmatch(
            pattern, text.replace(" ", "")
        ):
            return name
    return None


def _find_key(
    header: Sequence[str], lines: Sequence[Line]
) -> tuple[str, list[str]]:
    for pattern in _KEYS:
        if column := _find(header, pattern, set()):
            return column, []
    distinct = {
        name: len({line.values.get(name, "") for line in lines}) for name in header
    }
    best = max(header, key=lambda name: distinct[name])
    return best, [f"No column looks like the product's reference; {best} is taken."]


def _values(lines: Sequence[Line], column: str | None) -> list[str]:
    return [
        text for line in lines if column and (text := line.values.get(column, ""))
    ]


def _write(
    source: str,
    key: str,
    shape: CsvShape,
    found: Mapping[str, str],
    category: str | None,
    lines: Sequence[Line],
) -> str:
    rows = [f"source = {_quote(source)}", f"key = {_quote(key)}"]
    if shape.delimiter != ",":
        sign = "tab" if shape.delimiter == "\t" else shape.delimiter
        rows.append(f"delimiter = {_quote(sign)}")
    if shape.encoding:
        rows.append(f"encoding = {_quote(shape.encoding)}")
    prices = _values(lines, found.get("basePrice"))
    english = any(_POINT_AMOUNT.search(text) for text in prices)
    if not english and any(_COMMA_AMOUNT.search(text) for text in prices):
        rows.append('decimal = ","')
    bodies = _values(lines, found.get("description"))
    if any(conversions.may_be_html(text) for text in bodies):
        rows.append('html = ["description"]')
    rows += ["", "[columns]"]
    rows += [f"{field} = {_quote(column)}" for field, column in found.items()]
    if split := _guess_separators(found, lines):
        rows += ["", "[split]"]
        rows += [f"{field} = {_quote(sign)}" for field, sign in split.items()]
    rows += ["", "[category]"]
    if category is None:
        return "\n".join([*rows, 'below = ["Imported"]', ""])
    rows.append(f"columns = [{_quote(category)}]")
    for sign in (">", "/", "|"):
        if any(sign in text for text in _values(lines, category)):
            rows.append(f"separator = {_quote(sign)}")
            break
    if words.find_gender(*_values(lines, found.get("gender"))[:50]):
        rows.append(
            "# Words such as male, Damen or femme are understood as a gender."
        )
    return "\n".join([*rows, ""])


def _guess_separators(
    found: Mapping[str, str], lines: Sequence[Line]
) -> dict[str, str]:
    split = {}
    for field in ("tags", "images", "imageTexts", "imageColors"):
        texts = _values(lines, found.get(field))
        for sign in ("|", ";", ","):
            if any(sign in text for text in texts):
                split[field] = sign
                break
    return split


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
