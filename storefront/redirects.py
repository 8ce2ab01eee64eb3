"""Old links: where a path of the shop's former site leads now."""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from products import csv_reader
from products.csv_reader import CsvShape, FileRefused, Line
from products.importing.row_files import RowReport
from products.importing.run import ImportRun, JobOptions
from products.moving.archive_table import ArchiveTable
from products.selectors import category_tree, product_lists
from products.transliteration import ascii_slug, own_slug
from storefront.models import Redirect

# As Shopify, WooCommerce and others build their links.
_PRODUCT: Final = re.compile(r"/(?:collections/[^/]+/)?products?/([^/]+)/?")
_CATEGORY: Final = re.compile(
    r"/(?:collections|product-category(?:/[^/]+)*)/([^/]+)/?"
)
_FROM = ("redirect from", "from", "path", "source", "source url", "old url")
_TO = ("redirect to", "to", "target", "target url", "new url")
_CHUNK = 1_000


def find_redirect(path: str) -> str | None:
    """Return where a path that is no page of the shop leads, or None: by the table, else by what
    stands in links of shops of other makes.
    """
    clean = _normalize(path)
    found = (
        Redirect.objects.filter(path=clean).values_list("target", flat=True).first()
    )
    return found or _guess_target(clean)


def _guess_target(path: str) -> str | None:
    if match := _PRODUCT.fullmatch(path):
        for slug in _read_slugs(match[1]):
            if _is_product(slug):
                return f"/p/{slug}"
    if match := _CATEGORY.fullmatch(path):
        for slug in _read_slugs(match[1]):
            if category_tree.has_category(slug=slug):
                return f"/shop/{slug}"
    return None


def _read_slugs(text: str) -> list[str]:
    """Return what the shop may call this: in its own letters, and in Latin ones."""
    slugs = dict.fromkeys([own_slug(text), ascii_slug(text)])
    return [slug[:120] for slug in slugs if slug]


def _is_product(slug: str) -> bool:
    return product_lists.get_new_slug(
        former=slug
    ) is not None or product_lists.is_published(slug=slug)


def _normalize(text: str) -> str:
    """Return the path of a link, without its host, query and the slash at its end."""
    path = unquote(urlsplit(text.strip()).path)
    return f"/{path.strip('/')}"


def import_redirects(
    path: Path,
    report: RowReport,
    *,
    dry_run: bool = False,
    run: ImportRun | None = None,
) -> None:
    """Take in a CSV of redirects: Shopify's export (`Redirect from`, `Redirect to`), or columns
    `from` and `to`. A thousand are a transaction; a second run changes nothing.

    Raises:
        FileRefused: it is no such file.
    """
    with csv_reader.open_table(path, CsvShape(delimiter="")) as table:
        plain = {name.lower(): name for name in table.header}
        columns = _find(plain, _FROM), _find(plain, _TO)

        def import_lines(chunk: list[Line]) -> None:
            with transaction.atomic():
                _import_chunk(chunk, columns, report)
                if dry_run:
                    transaction.set_rollback(True)

        lines = table.lines(lambda _done: None)
        chunks = iter(lambda: list(islice(lines, _CHUNK)), [])
        (run or ImportRun()).handle_units(
            chunks, lambda chunk: chunk[0].number, import_lines, a_step=1
        )


def _find(plain: dict[str, str], names: Iterable[str]) -> str:
    for name in names:
        if name in plain:
            return plain[name]
    wanted = " or ".join(list(names)[:2])
    raise FileRefused(
        f"line 1: the column {wanted} is missing; the file has {', '.join(plain.values())}"
    )


def _import_chunk(
    lines: list[Line], columns: tuple[str, str], report: RowReport
) -> None:
    wanted = {}
    for line in lines:
        given = [line.values.get(name, "").strip() for name in columns]
        if line.problem or not all(given):
            why = line.problem or "It needs a path and where that leads."
            report.note(line.number, given[0], "refused", why)
            continue
        is_outside = given[1].startswith("https://")
        target = given[1] if is_outside else _keep_query(given[1])
        redirect = Redirect(path=_normalize(given[0]), target=target)
        try:
            redirect.full_clean(validate_unique=False)
        except ValidationError as exc:
            report.note(line.number, given[0], "refused", " ".join(exc.messages))
            continue
        wanted[redirect.path] = redirect
    there = {each.path: each for each in Redirect.objects.filter(path__in=wanted)}
    new = [each for path, each in wanted.items() if path not in there]
    changed = []
    for path, known in there.items():
        if known.target != wanted[path].target:
            known.target = wanted[path].target
            changed.append(known)
    Redirect.objects.bulk_create(new)
    Redirect.objects.bulk_update(changed, ["target"])
    report.created += len(new)
    report.changed += len(changed)
    report.unchanged += len(there) - len(changed)


def _keep_query(text: str) -> str:
    query = urlsplit(text).query
    return f"{_normalize(text)}?{query}" if query else _normalize(text)


def import_rows(
    *,
    kind: str,
    path: Path,
    report: RowReport,
    options: JobOptions,
    dry_run: bool,
    run: ImportRun,
) -> None:
    """Import a file of redirects for a job of the admin: the hook `import_rows`.

    Raises: FileRefused.
    """
    if kind == "redirects":
        import_redirects(path, report, dry_run=dry_run, run=run)


def list_archive_tables() -> list[ArchiveTable]:
    """Return the redirects, known by their paths: the hook `list_archive_tables`."""
    return [
        ArchiveTable(name="redirects", model=Redirect, order=("path",), key="path")
    ]
