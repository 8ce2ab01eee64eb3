"""Staff's Markdown as HTML that is safe to show: HTML in it is text, and links lead to web
pages, mail and telephone only.
"""

from html.parser import HTMLParser

from markdown_it import MarkdownIt

# CommonMark and tables; "js-default" leaves no way for raw HTML, and refuses javascript:
# and data: links. Source: markdown-it-py, "Security".
_MARKDOWN = MarkdownIt("js-default", {"linkify": False, "typographer": False})


def to_html(text: str) -> str:
    """Return Markdown as HTML. The page has its title already, so `#` is a heading of the
    second rank, `##` of the third, and so on.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def first_paragraph(text: str, *, max_length: int = 300) -> str:
    """Return the first paragraph of Markdown as plain text of at most so many characters."""
    tokens = _MARKDOWN.parse(text)
    at = next((i for i, token in enumerate(tokens) if token.type == "inline"), None)
    if at is None:
        return ""
    parser = _Text()
    parser.feed(_MARKDOWN.renderer.render([tokens[at]], _MARKDOWN.options, {}))
    return shorten_text(" ".join("".join(parser.pieces).split()), max_length)


def shorten_text(text: str, max_length: int) -> str:
    """Return the text, cut at a word's end where it is longer than `max_length` characters."""
    if len(text) <= max_length:
        return text
    return text[: max_length - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
