"""reStructuredText → HTML by docutils, without a look at any other file.

Documents that are meant for Sphinx have directives and roles that docutils does not know: what is
in those is kept, as a paragraph under what they name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.core import publish_string
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en
from docutils.writers import html5_polyglot

MOST_CHARACTERS: Final = 1_500_000
"""docutils reads about 250,000 in a second; see ``extract.Limits``."""

_DIRECTIVE: Final = re.compile(r"^[ \t]*\.\. +([\w:+.-]*\w)::(?:\s|$)", re.M)
_ROLE: Final = re.compile(r":([A-Za-z][\w:+.-]{0,60}):`|`:([A-Za-z][\w:+.-]{0,60}):")
_TARGET: Final = re.compile(r"^(.*\S)\s*<[^<>]+>$", re.S)
"""``:doc:`its text <its/target>```."""
_PAGE_TITLE: Final = re.compile(r"<title>.*?</title>", re.S)
"""docutils' word for the text; what it is called, its headings say."""
_FOR_SPHINX: Final = """
    autosummary codeauthor currentmodule default-domain highlight index literalinclude module
    sectionauthor tabularcolumns testcleanup testsetup toctree
"""
_UNSEEN: Final = frozenset(_FOR_SPHINX.split())
"""Of Sphinx: what they say is for it, not for a reader."""
_SAID: Final = {
    "versionadded": "New in version ",
    "versionchanged": "Changed in version ",
    "deprecated": "Deprecated since version ",
}
"""Of Sphinx: what its pages put before a directive's argument."""
_QUIET: Final[dict[str, Any]] = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 6,
    "warning_stream": False,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "toc_backlinks": False,
    "footnote_backlinks": False,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "smart_quotes": False,
    "line_length_limit": MOST_CHARACTERS,
    "doctitle_xform": False,
}
"""With :class:`_Writer` nothing is read but the text itself; what is wrong with it is not told."""


def to_html(text: str) -> str:
    """A page with the document's sections, lists and tables; the title, if any, is a heading."""
    for name in set(_DIRECTIVE.findall(text)):
        _know_directive(name.lower())
    for before, after in set(_ROLE.findall(text)):
        _know_role((before or after).lower())
    html: str = publish_string(text, writer=_Writer(), settings_overrides=_QUIET)
    html = _PAGE_TITLE.sub("", html, count=1)
    html = html.replace('<span class="classifier">', ": <span>")
    # Notes and warnings are part of what is told, not of what a page has beside it.
    return html.replace("<aside ", "<div ").replace("</aside>", "</div>")


class _Translator(html5_polyglot.HTMLTranslator):  # type: ignore[misc]
    """Of a picture docutils' own would read the file, if it is to be embedded, and put one that is
    no picture into the page as it is: whatever the settings say."""

    def visit_image(self, node: nodes.image) -> None:
        raise nodes.SkipNode


class _Writer(html5_polyglot.Writer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.translator_class = _Translator


class _Any(Directive):  # type: ignore[misc]
    """Of a name that docutils does not know: its arguments and what is in it, as they are."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = defaultdict(
        lambda: directives.unchanged, {"class": directives.unchanged}
    )

    def run(self) -> list[nodes.Node]:
        if self.name.lower().rpartition(":")[2] in _UNSEEN:
            return []
        found = nodes.container()
        for argument in self.arguments:
            found += nodes.paragraph("", f"{_SAID.get(self.name.lower(), '')}{argument}")
        # Headings in it have an order of their own, as Sphinx reads them.
        memo = self.state.memo
        outside = memo.title_styles, memo.section_level
        memo.title_styles, memo.section_level = [], 0
        try:
            self.state.nested_parse(self.content, self.content_offset, found, match_titles=True)
        finally:
            memo.title_styles, memo.section_level = outside
        return [found]


def _know_directive(name: str) -> None:
    if name not in en.directives:
        directives.register_directive(name, _Any)


def _know_role(name: str) -> None:
    if name not in en.roles:
        roles.register_local_role(name, _any_role)


def _any_role(
    name: str, rawtext: str, text: str, *rest: Any, **options: Any
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Of a name that docutils does not know: its text, without the target and Sphinx's marks."""
    text = text.replace("\x00", "\\")
    named = _TARGET.match(text)
    return [nodes.literal("", named[1] if named else text.lstrip("!~"))], []
