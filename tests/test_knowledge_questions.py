"""Documents that ask and answer, as FAQs do, and our own among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.agents import llm

from agent.knowledge import index_file, store
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.answer import NOTHING, Answers, spoken
from agent.knowledge.choose import Library
from agent.knowledge.extract import extract
from agent.knowledge.names import ALIKE, alike, strange_words
from agent.knowledge.passage import SPOKEN, Block, Extract
from agent.knowledge.questions import questions, under_questions
from agent.knowledge.search import Knowledge
from agent.knowledge.session import SessionKnowledge

FAQ = Path(__file__).parents[1] / "docs" / "faq.md"

SHOP = (
    "Do you send parcels abroad?",
    "To every country of Europe, within a week.",
    "Which cards do you take?",
    "All the usual ones.",
    "May I bring something back?",
    "Within thirty days, with the receipt. After that we repair it.",
    "The repair is free.",
)


def blocks(*texts: str, heading: str = "") -> list[Block]:
    return [Block(heading, text) for text in texts]


def test_an_answer_does_not_lose_the_question_that_is_a_paragraph() -> None:
    found = list(under_questions(blocks(*SHOP, heading="Shop")))
    assert [(block.heading, block.text) for block in found] == [
        ("Shop › Do you send parcels abroad?", SHOP[1]),
        ("Shop › Which cards do you take?", SHOP[3]),
        ("Shop › May I bring something back?", SHOP[5]),
        ("Shop › May I bring something back?", SHOP[6]),
    ]


def test_the_marks_of_question_and_answer_are_not_read_aloud() -> None:
    marked = [f"{'A: ' if index % 2 else 'Q: '}{text}" for index, text in enumerate(SHOP[:6])]
    found = list(under_questions(blocks(*marked)))
    assert found[0] == Block("Do you send parcels abroad?", SHOP[1])
    assert [block.text for block in found] == [SHOP[1], SHOP[3], SHOP[5]]


def test_numbered_questions_and_answers_are_not_overlooked() -> None:
    texts = [
        f"{index // 2 + 1}. {text}" if index % 2 == 0 else text
        for index, text in enumerate(SHOP[:6])
    ]
    assert [block.heading for block in under_questions(blocks(*texts))] == [*SHOP[:6:2]]
    lettered = [f"{'A' if index % 2 else 'Q'}. {text}" for index, text in enumerate(SHOP[:6])]
    assert [block.text for block in under_questions(blocks(*lettered))] == [*SHOP[1:6:2]]


def test_the_letter_of_a_choice_is_not_taken_for_the_mark_of_an_answer() -> None:
    *_, first, second = under_questions(blocks(*SHOP[:6], "Which size?", "A) small", "B) large"))
    assert (first.text, second.text) == ("A) small", "B) large")


def test_a_question_that_is_asked_for_effect_does_not_become_a_heading() -> None:
    told = blocks("Why do we do this?", "For the harbour.", "And the ferry?", "It leaves at nine.")
    assert list(under_questions(told)) == told


def test_a_question_does_not_head_the_next_section_or_a_table() -> None:
    row = Block("", "adults: 5 euros", "who; what")
    below = Block("Prices", "They rise each year.")
    *_, last, table, after = under_questions([*blocks(*SHOP[:6]), row, below])
    assert last.heading == "May I bring something back?"
    assert (table, after) == (row, below)


def test_a_question_without_an_answer_is_not_lost() -> None:
    found = list(under_questions(blocks(*SHOP[:6], "Anything else?")))
    assert "Anything else?" in " ".join(block.text for block in found)


@pytest.mark.parametrize(
    ("heading", "asked"),
    [
        ("Shop › Do you send abroad?", ["Do you send abroad?"]),
        ("Is it open? Does it cost anything?", ["Is it open?", "Does it cost anything?"]),
        ("Why? › Because", []),
        ("送料はいくらですか？", ["送料はいくらですか？"]),
        ("", []),
    ],
)
def test_what_a_heading_asks_is_not_overlooked(heading: str, asked: list[str]) -> None:
    assert questions(heading) == asked


@pytest.fixture(scope="module")
def faq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowledge]:
    """Our own, with our README and a shop's beside it."""
    index = tmp_path_factory.mktemp("faq") / "index.sqlite"
    encoder = local_encoder()
    assert encoder is not None
    with index_file.opened(index) as connection:
        for file in (FAQ, FAQ.parents[1] / "README.md"):
            store.add(connection, file.name, "", "", extract(file.name, file.read_bytes()))
        store.add(connection, "shop.txt", "", "", Extract("Shop", tuple(blocks(*SHOP))))
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    yield knowledge
    knowledge.close()


async def test_a_heading_that_asks_does_not_have_code_or_tables_read_aloud(
    tmp_path: Path,
) -> None:
    text = (
        "# Running it\n\n## What is wrong?\n\n    $ python -m doctor\n    ok  server  answers.\n\n"
        "## Is it well?\n\n| path | status |\n|---|---|\n| /a | 200 |\n| /b | 503 |\n"
    )
    encoder = local_encoder()
    index = tmp_path / "index.sqlite"
    with index_file.opened(index) as connection:
        store.add(connection, "run.md", "", "", extract("run.md", text.encode()))
    assert encoder is not None
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    session = SessionKnowledge(Library(knowledge, encoder))
    for question in ("What is wrong?", "Is it well?"):
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content=question)
        said = await Answers(session).say(chat_ctx)
        assert said is None or said == NOTHING
    await session.aclose()
    knowledge.close()


def own_answers() -> list[tuple[str, str]]:
    """Each question with its answer as it is said: without what stands in brackets."""
    text = FAQ.read_text(encoding="utf-8")
    return [
        (question, re.sub(r" \(\[.*?\)\)", "", " ".join(answer.split())))
        for heading, answer in re.findall(r"^### (.+)\n\n((?:.+\n)+)", text, re.MULTILINE)
        for question in questions(heading)
    ]


def test_our_documents_do_not_write_our_name_as_it_is_heard_wrong() -> None:
    """Or it would be a word that they have, and no longer be taken for the name."""
    docs = [*FAQ.parent.glob("*.md"), FAQ.parents[1] / "README.md"]
    strange = {word for doc in docs for word in strange_words(doc.read_text(encoding="utf-8"))}
    alike_ones = {word for word in strange if word[0] == "v" and alike(word, "visavis") >= ALIKE}
    assert alike_ones == {"visavis", "visemes"}  # the latter is a word of ours


async def test_no_question_of_ours_is_answered_with_anything_else(
    faq: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.knowledge.answer.PATIENCE", 60.0)
    session = SessionKnowledge(Library(faq, local_encoder()))
    answered = {}
    for question, answer in own_answers():
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content=question)
        if (said := await Answers(session).say(chat_ctx)) != answer:
            answered[question] = said
    await session.aclose()
    assert list(answered) == ["What is Visavis?"]
    assert "A face for your AI" in (answered["What is Visavis?"] or "")  # the README's beginning


def test_no_answer_of_ours_is_too_long_to_be_said_or_wrong_where_it_was_asked_the_other_way() -> (
    None
):
    """An answer that begins with "Yes" is wrong for who asks "Do I have to …?"."""
    for question, answer in own_answers():
        assert len(answer) <= SPOKEN, question
        assert not re.match(r"(?:Yes|No)\b", answer), question


def test_who_asks_in_other_words_is_not_answered_from_the_middle(faq: Knowledge) -> None:
    [best] = faq.search("Could you mail it to France?", limit=1)
    assert spoken(best) == SHOP[1]
