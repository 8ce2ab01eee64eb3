"""Staff's Markdown as HTML that is safe to show: HTML in it is text, and links lead to web
pages, mail and telephone only.
"""

import functools
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@functools.cache
def _get_parser() -> "MarkdownIt":
    """Return the parser of CommonMark and tables.

    "js-default" leaves no way for raw HTML, and refuses javascript: and data: links.
    Source: markdown-it-py, "Security".
    """
    from markdown_it import MarkdownIt  # not above: few processes show such a page

    return MarkdownIt("js-default", {"linkify": False, "typographer": False})


def to_html(text: str) -> str:
    """Return Markdown as HTML. The page has its title already, so `#` is a heading of the
    second rank, `##` of the third, and so on.
    """
    markdown = _get_parser()
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return str(markdown.renderer.render(tokens, markdown.options, {}))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def first_paragraph(text: str, *, max_length: int = 300) -> str:
    """Return the first paragraph of Markdown as plain text of at most so many characters."""
    markdown = _get_parser()
    tokens = markdown.parse(text)
    at = next((i for i, token in enumerate(tokens) if token.type == "inline"), None)
    if at is None:
        return ""
    parser = _Text()
    parser.feed(markdown.renderer.render([tokens[at]], markdown.options, {}))
    return shorten_text(" ".join("".join(parser.pieces).split()), max_length)


def shorten_text(text: str, max_length: int) -> str:
    """Return the text, cut at a word's end where it is longer than `max_length` characters."""
    if len(text) <= max_length:
        return text
    return text[: max_length - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
