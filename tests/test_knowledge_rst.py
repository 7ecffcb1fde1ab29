"""What is read out of reStructuredText, and that nothing but the text itself is read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from agent.knowledge.extract import Limits, extract
from agent.knowledge.formats import find_kind
from agent.knowledge.rst import to_html
from tests.test_knowledge_formats import told

_RST = """
======
Garden
======

All about *plants*, with ``water`` and :ref:`light <light>`; see :func:`~garden.dig`.

.. contents::

Water
-----

- Roses: daily.

When
~~~~

=====  ====
plant  hour
=====  ====
Fern   six
=====  ====

.. code-block:: shell

   tap --on

.. warning:: Never at noon.

.. versionadded:: 3.5
   A hose.

.. function:: dig(depth)
   :async:

   Makes a hole.

spade : tool
   Of iron.
"""


def test_restructured_text_does_not_lose_its_headings_lists_or_tables() -> None:
    found = extract("garden.rst", _RST.encode())
    assert found.title == "Garden"
    assert told(found) == [
        ("", "All about plants, with water and light; see garden.dig."),
        ("Water", "Roses: daily."),
        ("Water › When", "Fern: six."),
        ("Water › When", "tap --on"),
        ("Water › When", "Warning"),
        ("Water › When", "Never at noon."),
        ("Water › When", "New in version 3.5 A hose."),
        ("Water › When", "dig(depth)"),
        ("Water › When", "Makes a hole."),
        ("Water › When", "spade: tool"),
        ("Water › When", "Of iron."),
    ]


@pytest.mark.parametrize(
    "directive",
    [
        "include:: {}",
        "literalinclude:: {}",
        "raw:: html\n   :file: {}",
        "csv-table:: rows\n   :file: {}",
        "csv-table:: rows\n   :url: file://{}",
        "raw:: html\n   :url: file://{}",
        "image:: {}\n   :loading: embed",
        "image:: {}?a.svg\n   :loading: embed",
        "figure:: {}#a.svg\n   :loading: embed",
        "|x| image:: {}?a.svg\n   :loading: embed",
    ],
)
def test_restructured_text_does_not_read_other_files(tmp_path: Path, directive: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the password is tulip\n")
    text = f"Before.\n\n.. {directive.format(secret)}\n\nAfter |x|.\n"
    told_by_docutils = to_html(text)
    assert "tulip" not in told_by_docutils
    assert base64.b64encode(secret.read_bytes())[:12].decode() not in told_by_docutils
    found = extract("page.rst", text.encode())
    assert "tulip" not in str(found)
    assert "Before." in {text for _, text in told(found)}


def test_restructured_text_of_one_long_line_is_not_refused() -> None:
    assert "word" in extract("page.rst", b"word " * 250_000).blocks[0].text


@pytest.mark.parametrize("text", ["\n" * 60_000 + "Roses.", "`:a" * 40_000])
def test_restructured_text_does_not_keep_the_processor_busy(text: str) -> None:
    assert extract("page.rst", text.encode(), limits=Limits(cpu_seconds=10)).blocks


def test_restructured_text_does_not_lose_the_heading_below_its_title() -> None:
    found = extract("page.rst", b"Doc\n===\n\nSub\n---\n\nRed.\n")
    assert told(found) == [("Sub", "Red.")]
    assert found.title == "Doc"


def test_restructured_text_does_not_lose_headings_inside_a_directive_or_keep_them_after_it() -> (
    None
):
    text = "Doc\n===\n\nA\n-\n\n.. only:: html\n\n   B\n   ~\n\n   In.\n\n   C\n   -\n\n   Deep.\n"
    found = extract("page.rst", f"{text}\nOut.\n\nD\n-\n\nEnd.\n".encode())
    assert told(found) == [
        ("A", "html"),
        ("A › B", "In."),
        ("A › B › C", "Deep."),
        ("A", "Out."),
        ("D", "End."),
    ]


def test_restructured_text_with_mistakes_is_not_refused_or_cut() -> None:
    text = "Roses\n==\n\nRed ``and *white and |odd| and [1]_ and gone_.\n\n.. image::\n\n* 1\ntwo\n"
    found = extract("page.rst", text.encode())
    assert "Red" in str(found) and "white" in str(found) and "two" in str(found)


def test_restructured_text_without_a_title_does_not_get_docutils_own() -> None:
    assert extract("page.rst", b"Red roses.\n").title == "page"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.rst", ""), ("a.rest", ""), ("https://x.example/a", "text/x-rst; charset=utf-8")],
)
def test_restructured_text_is_not_taken_for_plain_text(name: str, content_type: str) -> None:
    assert find_kind(name, content_type, b"Roses\n=====\n") == "rst"
