"""What is known in one conversation alone: how it comes, is listed and goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.knowledge.choose import Library
from agent.knowledge.desk import KnowledgeDesk, named_in
from agent.knowledge.passage import Document, KnowledgeError
from agent.knowledge.session import MOST_DOCUMENTS, SessionKnowledge
from agent.knowledge.sources import file_name
from visavis.knowledge import KnowledgeRequest
from visavis.protocol import RPC_KNOWLEDGE, ProtocolError


@pytest.fixture
async def session(harbour: Library) -> AsyncIterator[SessionKnowledge]:
    session = SessionKnowledge(harbour)
    yield session
    await session.aclose()


async def test_what_a_room_adds_is_not_known_to_others(
    session: SessionKnowledge, harbour: Library
) -> None:
    text = "# Pets\n\nOur parrot Jacob speaks four languages.\n"
    document = await session.add_file("../../pets.md", text.encode())
    assert (document.title, document.passages) == ("Pets", 1)
    question = "How many languages does the parrot speak?"
    assert (await session.search(question))[0].title == "Pets"
    other = SessionKnowledge(harbour)
    assert "Pets" not in [passage.title for passage in await other.search(question)]

    again = text.replace("four", "six")
    await session.add_file("pets.md", again.encode())
    assert len(await session.documents()) == 1
    assert "six" in (await session.search(question))[0].text
    assert await session.remove("pets.md")
    assert not await session.remove("pets.md")
    assert "Pets" not in [passage.title for passage in await session.search(question)]


async def test_a_bad_document_does_not_change_anything(session: SessionKnowledge) -> None:
    with pytest.raises(KnowledgeError, match="none of the formats"):
        await session.add_file("virus.txt", bytes(range(256)) * 9)
    with pytest.raises(KnowledgeError, match="not on the public internet"):
        await session.add_url("http://127.0.0.1:1/secret")
    with pytest.raises(KnowledgeError, match="must begin with"):
        await session.add_url("file:///etc/passwd")
    assert await session.documents() == []
    assert (await session.search("How often does the ferry leave?"))[0].title == "Harbour guide"


async def test_two_files_of_one_name_that_come_at_once_do_not_lose_each_other() -> None:
    session = SessionKnowledge(Library(None, None))
    await asyncio.gather(
        session.add_file("notes.txt", b"The old price is 5 euros."),
        session.add_file("notes.txt", b"The new price is 7 euros."),
    )
    assert [passage.text for passage in await session.search("price")] == [
        "The new price is 7 euros."
    ]
    await session.aclose()


@pytest.mark.parametrize("given", ["plans/" + "x" * 300 + ".md", ".notes.md"])
async def test_a_file_is_not_kept_when_it_is_removed_by_the_name_it_came_with(given: str) -> None:
    session = SessionKnowledge(Library(None, None))
    await session.add_file(given, b"The price is 5 euros.")
    assert await session.remove(given)
    assert await session.documents() == []
    await session.aclose()


async def test_a_page_is_not_removed_in_place_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Document("https://example.com/notes.md", "Notes", 1, "", "")

    async def documents() -> list[Document]:
        return [page]

    session = SessionKnowledge(Library(None, None))
    await session.add_file("other.md", b"The price is 5 euros.")
    monkeypatch.setattr(session, "documents", documents)
    monkeypatch.setattr(session._own, "remove", lambda source: source == page.source)
    assert not await session.remove("notes.md")
    assert await session.remove(page.source)
    await session.aclose()


async def test_a_long_name_of_long_letters_does_not_fail() -> None:
    session = SessionKnowledge(Library(None, None))
    document = await session.add_file("説明書" * 35 + ".md", "価格は七です".encode())
    assert document.title.startswith("説明書") and document.source.endswith(".md")
    await session.aclose()


async def test_whoever_gives_a_file_is_not_told_where_it_lies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: Path, source: str, *__: object) -> list[str]:
        return [f"{source} cannot be read: No space left on device"]

    monkeypatch.setattr("agent.knowledge.session._update", fail)
    session = SessionKnowledge(Library(None, None))
    with pytest.raises(KnowledgeError, match=r"^notes\.txt cannot be read"):
        await session.add_file("notes.txt", b"The price is 5 euros.")
    await session.aclose()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/.passwd", "passwd"),
        ("C:\\Users\\anna\\plan.txt", "plan.txt"),
        ("x" * 300 + ".docx", "x" * 195 + ".docx"),
        ("é" * 150 + ".md", "é" * 98 + ".md"),
        ("x." + "y" * 300, "x." + "y" * 198),
        ("..", ""),
    ],
)
def test_a_files_name_does_not_lose_its_ending(given: str, kept: str) -> None:
    assert file_name(given) == kept


async def test_what_people_give_to_read_is_named_in_the_log(
    session: SessionKnowledge, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KnowledgeError, match=r"my-divorce\.txt"):
        await session.add_file("my-divorce.txt", bytes(range(256)) * 9)
    with pytest.raises(KnowledgeError):
        await session.add_url("http://127.0.0.1:1/secret?token=divorce")
    told = capfd.readouterr()
    assert "divorce" not in told.out + told.err + caplog.text


async def test_a_list_of_documents_in_another_script_is_not_too_long_for_its_call(
    session: SessionKnowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "自転車の修理と整備に関する利用者のための手引き"

    async def documents() -> list[Document]:
        return [Document(f"/f/{name}{n}.md", name, 1, "", "") for n in range(MOST_DOCUMENTS)]

    monkeypatch.setattr(session, "documents", documents)
    methods: dict[str, Any] = {}
    participant = SimpleNamespace(register_rpc_method=methods.__setitem__)
    room: Any = SimpleNamespace(
        local_participant=participant, register_byte_stream_handler=lambda *_: None
    )
    KnowledgeDesk(room, session)
    answer = await methods[RPC_KNOWLEDGE](SimpleNamespace(payload='{"action": "list"}'))
    assert len(json.loads(answer)) == MOST_DOCUMENTS
    assert len(answer.encode()) <= 15_000, "LiveKit carries no more"


@pytest.mark.parametrize(
    ("metadata", "urls"),
    [
        ("", []),
        ("no json", []),
        ("[1]", []),
        (json.dumps({"knowledge": "https://a"}), []),
        (json.dumps({"knowledge": ["https://a.example/x", 3]}), ["https://a.example/x"]),
    ],
)
def test_a_dispatchs_metadata_does_not_need_to_be_right(metadata: str, urls: list[str]) -> None:
    assert named_in(metadata) == urls


@pytest.mark.parametrize("text", ["", "[]", '{"action": "steal"}', '{"action": "add"}'])
def test_a_malformed_request_is_not_taken(text: str) -> None:
    with pytest.raises(ProtocolError):
        KnowledgeRequest.from_json(text)
