"""``report.md`` as HTML that can do nothing: only what the report's own template writes becomes an element.

A report may have been edited since, and even an untouched one quotes what commands and databases said. Raw HTML
stays visible text, except the few tags of ``report.md.j2`` in exactly the form that it gives them; no link, and no
picture but the run's own chart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from harness.report.page import CHART_FILE

_INLINE = ("<br>", "<code>", "</code>")
_SUMMARY = re.compile(r"<details><summary>([^<>]*)</summary>")
_END = "</details>"


def report_html(text: str, chart: str) -> Markup:
    """The report as HTML, its headings one level down; ``chart``: where the page finds the picture, or empty."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table").disable(["link", "autolink"])

    def drawn(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
        token = tokens[index]
        if not chart or token.attrs.get("src") != CHART_FILE:
            return str(escape(token.content))
        return str(figure_html(chart, token.content))

    for name, rule in {"image": drawn, **_RULES}.items():
        reader.add_render_rule(name, rule)
    tokens = reader.parse(text)
    _adapt(tokens)
    return Markup(reader.renderer.render(tokens, reader.options, {}))


def figure_html(source: str, text: str) -> Markup:
    """A chart that scrolls by itself where the page is narrow."""
    return Markup(
        '<span class="scroll chart" tabindex="0" role="group" aria-label="Outage chart"><img src="{}" alt="{}"></span>'
    ).format(source, text)


def _inline(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    content = tokens[index].content
    return content if content in _INLINE else str(escape(content))


def _block(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    content = tokens[index].content.strip()
    if content == _END:
        return content
    if summary := _SUMMARY.fullmatch(content):
        return f"<details><summary>{escape(unescape(summary[1]))}</summary>"
    return f"<p>{escape(content)}</p>\n"


def _table_open(*_: object) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


_RULES: dict[str, Callable[..., str]] = {
    "html_inline": _inline,
    "html_block": _block,
    "table_open": _table_open,
    "table_close": _table_close,
}


def _adapt(tokens: Sequence[Token]) -> None:
    for index, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 1)}"
        elif token.type in ("th_open", "td_open"):
            # The pages' Content-Security-Policy refuses style attributes, which is how Markdown aligns a column.
            if "right" in str(token.attrs.pop("style", "")):
                token.attrSet("class", "number")
            if token.type == "th_open":
                _header(token, *tokens[index + 1 : index + 3])


def _header(opening: Token, content: Token, closing: Token) -> None:
    if content.content:
        opening.attrSet("scope", "col")
    else:
        opening.tag = closing.tag = "td"
