"""In which encoding a document is read, whoever says so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from agent.knowledge import __main__ as program
from agent.knowledge.decode import decode
from agent.knowledge.passage import Extract, KnowledgeError
from agent.knowledge.search import Knowledge
from agent.knowledge.sources import update
from safe_fetch import Fetched

RUSSIAN = "Мы открыты с девяти"
CZECH = "Příliš žluťoučký kůň"
QUOTED = "“Öl” – 5 €"


def test_what_a_server_says_is_not_lost_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fetch(url: str, **_: object) -> Fetched:
        await asyncio.sleep(0)
        return Fetched(RUSSIAN.encode("koi8-r"), "Text/Plain; charset=KOI8-R")

    monkeypatch.setattr(program, "fetch", fetch)
    monkeypatch.setattr("os.nice", lambda _: 0, raising=False)
    index = tmp_path / "index.sqlite"
    url = "https://x.example/hours"
    assert program.main(["--index", str(index), "update", "--no-vectors", url]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    [found] = Knowledge(index).search("девяти")
    assert found.text == RUSSIAN


@pytest.mark.parametrize(
    ("content_type", "before", "encoding", "text"),
    [
        ("text/html; charset=windows-1251", "", "cp1251", RUSSIAN),
        ("text/html;charset='koi8-r'", "<meta charset=windows-1251>", "koi8-r", RUSSIAN),
        ("", "<script charset=utf-8></script><meta charset=windows-1251>", "cp1251", RUSSIAN),
        ("", '<?xml version="1.0" encoding="iso-8859-2"?><html>', "iso-8859-2", CZECH),
        ("text/plain; charset=iso-2022-jp", "", "iso-2022-jp", "九時に開きます"),
        ("text/plain; charset=utf-16", "", "utf-16-le", RUSSIAN),
        ("text/plain; charset=gb2312", "", "gbk", "九點開門"),
        ("text/plain; charset=iso-8859-1", "", "cp1252", QUOTED),
    ],
)
def test_what_is_said_of_the_encoding_is_not_overlooked(
    content_type: str, before: str, encoding: str, text: str
) -> None:
    assert decode("page", content_type, (before + text).encode(encoding)) == before + text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_the_bytes_show_is_not_overruled(encoding: str) -> None:
    """A line in colours has U+001B in it."""
    text = f"\x1b[1m{RUSSIAN}" if encoding != "utf-8" else RUSSIAN
    assert decode("page", "text/plain; charset=koi8-r", text.encode(encoding)) == text


@pytest.mark.parametrize(
    "name", ["nonsense", "кои-8", "hex", "undefined", "utf-8", "utf-16", "ascii", "big5", "a" * 999]
)
def test_a_wrong_name_of_an_encoding_is_not_believed(name: str) -> None:
    assert decode("page", f"text/plain; charset={name}", QUOTED.encode("cp1252")) == QUOTED
    declared = f'<?xml version="1.0" encoding="{name}"?><html>{RUSSIAN}'
    assert decode("page", f"text/html; charset={name}", declared.encode()) == declared


def test_an_encoding_does_not_make_a_text_of_a_program() -> None:
    with pytest.raises(KnowledgeError, match="none of the formats"):
        decode("a", "text/plain; charset=iso-8859-1", bytes(range(256)) * 40)


def test_a_page_whose_server_mends_what_it_says_is_not_left_as_it_was(tmp_path: Path) -> None:
    said = ["text/plain", "text/plain", "text/plain; charset=koi8-r"]
    load: Any = Mock(side_effect=[(b"same", kind) for kind in said])
    outcomes = [
        update(
            tmp_path / "index.sqlite",
            ["https://x.example/hours"],
            load,
            read=lambda name, data, kind: Extract(name, ()),
        )
        for _ in said
    ]
    assert [len(outcome.added) for outcome in outcomes] == [1, 0, 1]
