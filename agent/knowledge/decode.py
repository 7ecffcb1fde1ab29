"""Bytes → text: which encoding a file or page is written in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from .passage import KnowledgeError

_NAME: Final = r"([\w.:+-]+)"
_PARAMETER: Final = re.compile(rf"charset\s*=\s*[\"']?{_NAME}", re.I | re.A)
_META: Final = re.compile(rf"<meta\b[^>]*?\bcharset\s*=\s*[\"']?{_NAME}", re.I | re.A)
_XML: Final = re.compile(rf"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']{_NAME}", re.A)
_HEAD: Final = 2048
"""Bytes in which a page says its encoding."""
_MEANT: Final = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
}
"""Python's names → what browsers read in their place, since pages are written in it (Encoding
Standard, "Names and labels")."""


def decode(name: str, content_type: str, data: bytes) -> str:
    """The text of a file, its lines ended by ``\\n``.

    Args:
        name: What people know the file by.
        content_type: As a server said, with its parameters, or empty.

    Raises:
        KnowledgeError: It is no text.
    """
    for encoding in _encodings(content_type, data):
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        odd = sum(text.count(chr(code)) for code in range(32) if chr(code) not in "\t\n\r\f\v\x1b")
        if odd <= len(text) // 1000:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise KnowledgeError(
        f"{name} is no text, and none of the formats that are read: txt, md, rst, html, pdf, docx"
    )


def _encodings(content_type: str, data: bytes) -> Iterator[str]:
    """The likely ones, the likeliest first."""
    if data.startswith(codecs.BOM_UTF8):
        yield "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield "utf-16"
    # What is UTF-8 by its bytes hardly is anything else, whatever is said of it; but for what
    # writes all its characters with bytes of ASCII: ISO-2022 and UTF-16.
    if b"\x1b" in data or b"\0" in data:
        yield from _named(content_type, data)
    yield "utf-8"
    yield from _named(content_type, data)
    yield "cp1252"


def _named(content_type: str, data: bytes) -> Iterator[str]:
    """What the server says, then the page itself; names that nobody knows are passed over."""
    head = data[:_HEAD].decode("latin-1")
    for found in (_PARAMETER.search(content_type), _META.search(head), _XML.match(head)):
        try:
            known = codecs.lookup(found[1]).name if found else ""
        except LookupError:
            continue
        if known.startswith(("utf-16", "utf-32")) and b"\0" not in data:
            continue  # programs that make a page in memory say so of what they save as another
        if known:
            yield _MEANT.get(known, known)
            yield known
