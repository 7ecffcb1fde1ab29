"""What is said and told of what is known, and what comes and goes with one conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import llm

from agent.knowledge import index_file, store
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.answer import NOTHING, Answers, is_sayable, is_sure, spoken
from agent.knowledge.choose import Library, sources_of
from agent.knowledge.desk import KnowledgeDesk, named_in, to_source
from agent.knowledge.named import is_named, subject
from agent.knowledge.passage import Block, Document, Extract, KnowledgeError, Passage
from agent.knowledge.search import Knowledge
from agent.knowledge.session import MOST_DOCUMENTS, SessionKnowledge
from agent.knowledge.sources import file_name, update
from settings import Settings
from visavis.knowledge import KnowledgeRequest, Sources
from visavis.protocol import RPC_KNOWLEDGE, ProtocolError

HARBOUR = (
    "The ferry to the island leaves every forty minutes from pier three. "
    "Bicycles travel free of charge. Dogs must wear a muzzle on board."
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    index = tmp_path_factory.mktemp("knowledge") / "index.sqlite"
    encoder = local_encoder()
    assert encoder is not None
    with index_file.opened(index) as connection:
        extract = Extract("Harbour guide", (Block("Boats", HARBOUR),))
        store.add(connection, "/private/place/harbour.md", "/", "", extract)
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    yield Library(knowledge, encoder)
    knowledge.close()


@pytest.fixture
async def session(library: Library) -> AsyncIterator[SessionKnowledge]:
    session = SessionKnowledge(library)
    yield session
    await session.aclose()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no index that is stuck."""
    monkeypatch.setattr("agent.knowledge.answer.PATIENCE", 60.0)


class Page:
    """What the page is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, list[str]]] = []

    def __call__(self, question: str, passages: Sequence[Passage]) -> None:
        self.shown.append((question, [passage.title for passage in passages]))


def asked(question: str) -> llm.ChatContext:
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="You are Amy.")
    chat_ctx.add_message(role="user", content="Hello.")
    chat_ctx.add_message(role="assistant", content="Hi!")
    chat_ctx.add_message(role="user", content=question)
    return chat_ctx


async def test_the_small_model_does_not_answer_what_is_known(session: SessionKnowledge) -> None:
    page = Page()
    said = await Answers(session, show=page).say(asked("How often does the ferry leave?"))
    assert said is not None and "every forty minutes" in said
    assert page.shown == [("How often does the ferry leave?", ["Harbour guide"])]


async def test_what_is_asked_does_not_get_lost_behind_what_is_told_before(
    session: SessionKnowledge,
) -> None:
    told = "My sister and her children have come from Norway on Monday, and they love the sea. "
    said = await Answers(session).say(asked(told + "How often does the ferry leave?"))
    assert said is not None and "every forty minutes" in said


@pytest.mark.parametrize("question", ["How are you today?", "Tell me a joke.", "Thank you!"])
async def test_small_talk_is_not_answered_with_documents(
    session: SessionKnowledge, question: str
) -> None:
    page = Page()
    answers = Answers(session, show=page)
    assert await answers.say(asked(question)) is None
    told = await answers.tell(asked(question))
    assert len(told.items) == 4
    assert not page.shown


@pytest.mark.parametrize(
    ("question", "titles", "named"),
    [
        ("Do zombies eat brains?", ["Brains"], False),
        ("I love seeing my grandmother.", ["Seeing"], False),
        ("What tools do I need in a garden?", ["Tools"], False),
        ("What do the docs say?", ["Tools"], False),
        ("What does the tools page say of gardens?", ["Tools"], True),
        ("What does Tools say of gardens?", ["Brains", "Tools"], True),
        ("Is there a page about tools?", ["Tools"], True),
        ("Who painted the harbour guide?", ["Harbour guide"], True),
    ],
)
def test_an_everyday_word_is_not_taken_for_a_documents_title(
    question: str, titles: list[str], named: bool
) -> None:
    assert is_named(question, titles) is named


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is the harbour guide?", "Harbour guide"),
        ("Tell me about the harbour, please.", "Harbour guide"),
        ("Who painted the harbour guide?", None),
        ("Who is the harbour guide for?", None),
        ("What are boats?", "Boats"),
        ("So, what's the harbour guide?", "Harbour guide"),
        ("What do you know about the harbour's guide?", "Harbour guide"),
        ("What is this?", None),
        ("Where is the harbour?", None),
        ("How much is the harbour?", None),
        ("Do you have boats?", None),
        ("Boats!", None),
        ("", None),
    ],
)
def test_who_asks_what_a_document_is_does_not_hear_its_footnotes(
    question: str, title: str | None
) -> None:
    assert subject(question, ["", "Boats and the harbour guide", "Boats", "Harbour guide"]) == title


async def test_what_a_document_is_does_not_stay_unsaid(session: SessionKnowledge) -> None:
    page = Page()
    said = await Answers(session, show=page).say(asked("What is the Harbour guide?"))
    assert said is not None and said.startswith("The ferry to the island")
    assert [titles for _, titles in page.shown] == [["Harbour guide"]]


@pytest.mark.parametrize(
    ("best", "question", "sayable"),
    [
        ("make test.", "Who is the president of Harbour?", False),
        ("git clone <this repository> harbour && cd harbour", "How do I install it?", False),
        ("loudness alone: 58; .509; .081; .052; .512; .564", "How loud is it?", False),
        ("With Harbour come two tools:", "Which tools are there?", True),
        ("Two tools:", "Which tools are there?", False),
        ("Adults: 2.50 €", "What do adults pay?", True),
        ("The ferry costs $5.99.", "What does the ferry cost?", True),
        ("serve harbour --port 80 and nothing else", "How do I serve it?", False),
        ("$ harbour serve and it answers all", "How do I serve it?", False),
        ("Monday to Friday: 9:00 to 12:30, 14:00 to 17:00", "When is it open?", True),
        ("渡船は四十分ごとに出ます。", "渡船はいつ出ますか", True),
    ],
)
def test_what_is_for_the_eye_is_not_read_aloud(best: str, question: str, sayable: bool) -> None:
    passage = Passage(best, "Harbour", "/harbour.md", "", best, 0.9)
    assert is_sayable(passage, question) is sayable


async def test_what_is_not_known_is_not_made_up(session: SessionKnowledge) -> None:
    question = "What does the Harbour guide say about quantum chromodynamics?"
    said = await Answers(session).say(asked(question))
    assert said == NOTHING or said is None or "quantum" not in said


async def test_a_large_model_is_not_told_after_the_question_or_for_ever(
    session: SessionKnowledge,
) -> None:
    page = Page()
    before = asked("May I take my bicycle on the ferry?")
    told = await Answers(session, show=page).tell(before)
    roles = [item.role for item in told.items if isinstance(item, llm.ChatMessage)]
    assert roles == ["system", "user", "assistant", "system", "user"]
    text = told.items[3].text_content if isinstance(told.items[3], llm.ChatMessage) else ""
    assert "[Harbour guide › Boats]" in (text or "") and "Bicycles travel free" in (text or "")
    assert len(before.items) == 4
    assert page.shown


async def test_a_large_model_is_not_told_a_row_without_the_names_of_its_columns(
    session: SessionKnowledge,
) -> None:
    table = b"# Tariff\n\n| zone | adults | children |\n|---|---|---|\n| B | 5 euros | 2 euros |\n"
    await session.add_file("tariff.md", table)
    told = await Answers(session).tell(asked("What does a child pay in zone B of the tariff?"))
    text = told.items[3].text_content if isinstance(told.items[3], llm.ChatMessage) else ""
    assert "[Tariff]\n(columns: zone; adults; children)\nB: 5 euros; 2 euros." in (text or "")


async def test_a_tools_result_is_not_taken_for_a_question(session: SessionKnowledge) -> None:
    chat_ctx = asked("How often does the ferry leave?")
    chat_ctx.items.append(
        llm.FunctionCallOutput(call_id="1", name="x", output="every hour", is_error=False)
    )
    assert len((await Answers(session).tell(chat_ctx)).items) == 5


async def test_the_tool_does_not_find_less(session: SessionKnowledge) -> None:
    [tool] = Answers(session).tools()
    assert isinstance(tool, llm.FunctionTool)
    assert "pier three" in await tool(query="where the ferry departs")
    assert await tool(query="zebra crossings in Mongolia") == "Nothing was found."


async def test_what_a_room_adds_is_not_known_to_others(
    session: SessionKnowledge, library: Library
) -> None:
    text = "# Pets\n\nOur parrot Jacob speaks four languages.\n"
    document = await session.add_file("../../pets.md", text.encode())
    assert (document.title, document.passages) == ("Pets", 1)
    question = "How many languages does the parrot speak?"
    assert (await session.search(question))[0].title == "Pets"
    other = SessionKnowledge(library)
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


@pytest.mark.parametrize("step", ["search", "titles"])
async def test_an_index_that_hangs_does_not_hold_up_the_answer(
    session: SessionKnowledge, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    hung = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        hung.set()
        await asyncio.Event().wait()

    answers = Answers(session)
    question = asked("Who painted the harbour guide?")
    assert await answers.say(question) == NOTHING
    monkeypatch.setattr(session, step, hang)
    monkeypatch.setattr("agent.knowledge.answer.PATIENCE", 0.3)
    async with asyncio.timeout(60):
        assert await answers.say(question) is None
        assert step == "titles" or await answers.tell(question) is question
    assert hung.is_set()


async def test_an_index_that_breaks_does_not_end_the_conversation(tmp_path: Path) -> None:
    knowledge = Knowledge(tmp_path / "index.sqlite")
    knowledge.close()
    session = SessionKnowledge(Library(knowledge, None))
    assert await session.search("anything") == []
    assert await Answers(session).say(asked("Who painted the harbour guide?")) is None


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


def test_the_page_is_not_told_where_files_are() -> None:
    passage = Passage("text", "Title", "/home/somebody/secret/a.md", "Head", "text", 0.5)
    sources = Sources("q", (to_source(passage),))
    assert "somebody" not in sources.to_json()
    assert Sources.from_json(sources.to_json()) == sources


def test_brackets_and_long_passages_are_not_read_out() -> None:
    passage = Passage("", "", "", "", "Go left (see figure 3). " + "And on and on. " * 60, 0.9)
    said = spoken(passage)
    assert said.startswith("Go left. And on")
    assert len(said) <= 330


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


def test_no_setting_is_not_no_knowledge() -> None:
    assert any(source.endswith("README.md") for source in sources_of(Settings(_env_file=None)))
    assert sources_of(Settings(_env_file=None, agent_knowledge="none")) == []
    assert sources_of(Settings(_env_file=None, agent_knowledge="a.pdf, b")) == ["a.pdf", "b"]


OURS = (
    ("How do I give my own agent a face?", "AvatarSession"),
    ("What happens when I reload the page while we talk?", "RECONNECT_GRACE"),
    ("Which speech recognition does Visavis use when I have no key?", "Moonshine"),
    ("How do I use my own Ollama server?", "OPENAI_BASE_URL"),
    ("How do I run Visavis in containers?", "docker compose"),
    ("Which kinds of documents can the agent read?", "Markdown"),
    ("What if the face's process crashes?", "face"),
    ("How is a person's interruption handled by the avatar?", "20 ms"),
    ("Where do the heads of the avatar come from?", "MakeHuman"),
    ("How long does the first word wait for the face?", "three seconds"),
)


async def test_questions_about_visavis_are_not_left_unanswered(tmp_path: Path) -> None:
    """Its own README, as the demo knows it; nine of ten are to be found among the first five."""
    root = Path(__file__).parents[1]
    encoder, index = local_encoder(), tmp_path / "index.sqlite"
    assert encoder is not None
    update(index, [str(root / "README.md")], lambda url: (b"", ""))
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    missed = [
        question
        for question, mark in OURS
        if not any(mark in passage.text for passage in knowledge.search(question, budget=5000))
    ]
    assert len(missed) <= 1, missed


def test_what_is_written_as_an_answer_does_not_need_more_than_what_sounds_alike() -> None:
    passage = Passage("x", "", "", "", "x", 0.52)
    assert not is_sure(passage, is_asked=True)
    assert is_sure(replace(passage, answers=True), is_asked=True)
    assert not is_sure(replace(passage, answers=True), is_asked=False)
