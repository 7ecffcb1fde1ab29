"""Documents that ask and answer, as FAQs do, and our own among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.knowledge.answer import NOTHING, Answers
from agent.knowledge.choose import Library
from agent.knowledge.extract import extract
from agent.knowledge.names import ALIKE, alike, strange_words
from agent.knowledge.passage import SPOKEN, Block, Extract
from agent.knowledge.questions import questions, under_questions
from agent.knowledge.session import SessionKnowledge
from tests.knowing import asked, known

pytestmark = pytest.mark.usefixtures("patience")

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
def faq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Our own, with our README and a shop's beside it."""
    files = (FAQ, FAQ.parents[1] / "README.md")
    documents = {file.name: extract(file.name, file.read_bytes()) for file in files}
    documents["shop.txt"] = Extract("Shop", tuple(blocks(*SHOP)))
    with known(tmp_path_factory.mktemp("faq"), documents) as library:
        yield library


async def test_a_heading_that_asks_does_not_have_code_or_tables_read_aloud(
    tmp_path: Path,
) -> None:
    text = (
        "# Running it\n\n## What is wrong?\n\n    $ python -m doctor\n    ok  server  answers.\n\n"
        "## Is it well?\n\n| path | status |\n|---|---|\n| /a | 200 |\n| /b | 503 |\n"
    )
    with known(tmp_path, {"run.md": extract("run.md", text.encode())}) as library:
        session = SessionKnowledge(library)
        for question in ("What is wrong?", "Is it well?"):
            assert await Answers(session).say(asked(question)) == NOTHING
        await session.aclose()


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


async def test_no_question_of_ours_is_answered_with_anything_else(faq: Library) -> None:
    session = SessionKnowledge(faq)
    answered = {}
    for question, answer in own_answers():
        if (said := await Answers(session).say(asked(question))) != answer:
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


async def test_who_asks_in_other_words_is_not_answered_from_the_middle(faq: Library) -> None:
    session = SessionKnowledge(faq)
    assert await Answers(session).say(asked("Could you mail it to France?")) == SHOP[1]
    await session.aclose()
