"""One template, two bodies: a mail's lines become its plain text and its HTML (see
`markrin.mail.sending`).
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from django.conf import settings
from django.template import Context, Engine, Origin
from django.template.backends.django import get_installed_libraries
from django.template.loader import render_to_string
from django.template.loaders.filesystem import Loader as FilesystemLoader
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

# The template's own markup is marked with NUL before it is rendered: no value can hold one,
# as PostgreSQL and the API refuse it, and so no value can become markup.
MARK = "\x00"
_OWN_MARKUP = re.compile(r"^(?=# |- |\| |\[)", re.MULTILINE)
_BUTTON = re.compile(r"\[(?P<label>.+)\]\((?P<url>https?://[^\s()]+)\)")


# An order's, a return's or an invoice's number: MK-2026-000123-R1. Broken at a hyphen it would be
# read in the wrong order from right to left.
_NUMBER = re.compile(r"\b[A-Z]{2,4}\d*-[\d-]*\d{6}(?:-R\d+)?\b")
_WHOLE = r'<span dir="ltr" style="white-space:nowrap">\g<0></span>'


@dataclass(frozen=True)
class Rendered:
    """A mail ready to send, or to preview."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Block:
    """Neighbouring lines of one kind: heading, list, row, button, or text. Their text is
    escaped for HTML.
    """

    kind: str
    lines: list[str]

    @property
    def rows(self) -> list[list[SafeString]]:
        return [
            [mark_safe(cell.strip()) for cell in line.strip("| ").split("|")]  # noqa: S308
            for line in self.lines
        ]

    @property
    def items(self) -> list[SafeString]:
        # Django escaped it when it rendered the template
        return [mark_safe(_NUMBER.sub(_WHOLE, line)) for line in self.lines]  # noqa: S308

    @property
    def label(self) -> SafeString:
        return mark_safe(self._button_match["label"])  # noqa: S308 (as above)

    @property
    def url(self) -> SafeString:
        return mark_safe(self._button_match["url"])  # noqa: S308 (as above; it begins with http)

    @property
    def _button_match(self) -> dict[str, str]:
        match = _BUTTON.fullmatch(self.lines[0])
        if match is None:
            raise ValueError(
                f"not a mail's button, [label](https://…): {self.lines[0]}"
            )
        return match.groupdict()


class _Loader(FilesystemLoader):
    def get_contents(self, origin: Origin) -> str:
        return _OWN_MARKUP.sub(MARK, super().get_contents(origin))


@cache
def _text_engine() -> Engine:
    return Engine(
        dirs=settings.MAIL_TEMPLATES,
        loaders=["markrin.mail.markup._Loader"],
        libraries=get_installed_libraries(),
        builtins=[
            "django.templatetags.i18n",
            "django.templatetags.l10n",
            "markrin.templatetags.localized",
        ],
    )


def render_template(
    template: str, context: dict[str, object], *, language: str | None = None
) -> Rendered:
    """Render a mail in this language, by default the shop's. The context also holds
    shop_name and shop_url.

    Raises:
        TemplateDoesNotExist: there is no such mail.
        ValueError: the template does not begin with its subject, or a button has no address.
    """
    shop = {"shop_name": settings.SHOP_NAME, "shop_url": settings.SHOP_URL}
    with translation.override(language or settings.LANGUAGE_CODE):
        lines = (
            _text_engine()
            .get_template(f"{template}.mail")
            .render(Context({**shop, **context}))
            .splitlines()
        )
        first = next((line for line in lines if line.strip()), "")
        if not first.startswith("Subject: "):
            raise ValueError(f"{template}.mail must begin with a line Subject: …")
        subject = _plain_text(first.removeprefix("Subject: ")).strip()
        blocks = list(_split_blocks(lines[lines.index(first) + 1 :]))
        right_to_left = translation.get_language_bidi()
        page = {
            "subject": subject,
            "blocks": blocks,
            "language": translation.get_language(),
            # Mail programs know no logical sides, such as padding-inline-start.
            "direction": "rtl" if right_to_left else "ltr",
            "start": "right" if right_to_left else "left",
            "end": "left" if right_to_left else "right",
            **shop,
        }
        return Rendered(
            subject, _text_body(blocks), render_to_string("mail/base.html", page)
        )


def _split_blocks(lines: list[str]) -> Iterator[Block]:
    for (kind, _), group in groupby(_kept_text(lines), key=lambda pair: pair[0]):
        block_lines = [
            line.removeprefix(MARK + _PREFIX.get(kind, "")).strip()
            for _, line in group
        ]
        if kind in ("heading", "button"):
            yield from (Block(kind, [line]) for line in block_lines)
        else:
            yield Block(kind, block_lines)


def _kept_text(lines: list[str]) -> Iterator[tuple[tuple[str, int], str]]:
    """Give each line with its kind, and for text its paragraph; blank ones are dropped:
    loops leave some in tables.
    """
    paragraph = 0
    for line in lines:
        if kind := _block_kind(line):
            yield (kind, paragraph if kind == "text" else 0), line
        else:
            paragraph += 1


_PREFIX = {"heading": "# ", "list": "- ", "row": "| ", "button": ""}


def _block_kind(line: str) -> str:
    """Return what the line is; empty for a blank one."""
    marks = {"# ": "heading", "- ": "list", "| ": "row", "[": "button"}
    for mark, kind in marks.items():
        if line.startswith(MARK + mark):
            return kind
    return "text" if line.strip() else ""


def _text_body(blocks: list[Block]) -> str:
    return "\n\n".join(_block_text(block) for block in blocks) + "\n"


def _block_text(block: Block) -> str:
    match block.kind:
        case "heading":
            title = _plain_text(block.lines[0])
            return f"{title}\n{'=' * len(title)}"
        case "list":
            return "\n".join(f"- {_plain_text(line)}" for line in block.lines)
        case "row":
            rows = [[_plain_text(cell) for cell in row] for row in block.rows]
            return "\n".join("  ".join(cells) for cells in _aligned_rows(rows))
        case "button":
            return f"{_plain_text(block.label)}:\n{_plain_text(block.url)}"
    return "\n".join(_plain_text(line) for line in block.lines)


def _aligned_rows(rows: list[list[str]]) -> Iterator[list[str]]:
    """Pad the cells so that the columns stand below each other, the last one to the right."""
    widths = [
        max(len(row[i]) for row in rows if i < len(row))
        for i in range(max(map(len, rows)))
    ]
    for row in rows:
        last = len(row) - 1
        yield [
            cell.rjust(widths[i]) if i == last else cell.ljust(widths[i])
            for i, cell in enumerate(row)
        ]


def _plain_text(escaped: str) -> str:
    return html.unescape(escaped).replace(MARK, "")
