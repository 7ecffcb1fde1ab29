"""Names of things: heard wrong, and no reason by themselves to answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from agent.knowledge.answer import NOTHING, Answers
from agent.knowledge.english import FILE, hashes
from agent.knowledge.names import alike, as_meant, is_in_english, nameless, names_of
from agent.knowledge.passage import Block, Extract
from agent.knowledge.session import SessionKnowledge
from tests.knowing import asked, known

pytestmark = pytest.mark.usefixtures("patience")

KNOWN = frozenset({"visavis", "hydrolix", "todo"})


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Hydrolix: the water book", {"hydrolix"}),
        ("Visavis 2.0", {"visavis"}),
        ("Müllerbräu", {"mullerbrau"}),
        ("Warranty, refunds and dishwasher troubleshooting", set()),
        ("価格表 x1y2 AX", set()),
        ("Lieferung und Rückgabe", set()),
    ],
)
def test_ordinary_words_and_figures_of_titles_are_not_taken_for_names(
    title: str, names: set[str]
) -> None:
    assert names_of(title) == names


def test_the_list_of_english_words_is_not_another_than_its_source_makes() -> None:
    assert np.array_equal(np.load(FILE), hashes())


def hear(text: str, *written: str) -> str:
    return as_meant(text, KNOWN, written)


@pytest.mark.parametrize(
    "heard",
    ["Vesivis", "Visivis", "Visibus", "Vizavis", "vis-a-vis", "Vis à Vis", "Visa Vis", "VISAVIS"],
)
def test_a_name_that_was_heard_wrong_is_not_lost(heard: str) -> None:
    """The first three are what Moonshine writes."""
    assert hear(f"What does {heard} cost?").lower() == "what does visavis cost?"


@pytest.mark.parametrize(
    "said",
    [
        "Can I visit you?",
        "Where is Vesuvius?",
        "What is hydrolysis?",
        "Which visa do I need for Japan?",
        "Visit us, a visa is not needed.",
        "What do I have to do today?",
        "Wann wird der Visavertrag fertig?",
        "訪問できますか",
        "",
    ],
)
def test_other_words_are_not_taken_for_a_name(said: str) -> None:
    assert hear(said) == said


def test_what_documents_write_is_not_taken_for_a_name() -> None:
    assert hear("Does it run on Visavix?") == "Does it run on visavis?"
    assert hear("Does it run on Visavix?", "visavix") == "Does it run on Visavix?"


def test_what_is_left_out_of_a_word_does_not_make_a_sentence_foreign() -> None:
    assert hear("Isn't Visivis free?") == "Isn't visavis free?"
    assert hear("I'll use Visivis.") == "I'll use visavis."


def test_a_long_text_is_not_compared_with_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def count(heard: str, name: str) -> float:
        compared.append(name)
        return alike(heard, name)

    monkeypatch.setattr("agent.knowledge.names.alike", count)
    first = {f"{letter}isovert" for letter in ascii_lowercase}
    long = {"v" + "".join(dice) for dice in product("aeiou", "bcdfg", "aeiou")}
    text = " ".join(f"the word Visovert{letter} again and" for letter in ascii_lowercase)
    assert as_meant(text, first | long, ()) == re.sub("Visovert[a-z]", "visovert", text)
    assert compared == ["visovert"] * len(ascii_lowercase)


def test_a_name_does_not_stay_where_questions_are_compared() -> None:
    assert nameless("Does the Visavis run Hydrolix?", KNOWN) == "does it run it?"
    assert nameless("Visavisations", KNOWN) == "Visavisations"
    assert nameless("Wer braut Müllerbräu?", names_of("Müllerbräu")) == "wer braut it?"
    assert nameless("Anything", ()) == "Anything"


def test_another_language_is_not_taken_for_english() -> None:
    assert is_in_english("How much does Visavis cost me?", KNOWN)
    assert not is_in_english("Wieviel kostet mich Visavis?", KNOWN)


@pytest.fixture
async def answers(tmp_path: Path) -> AsyncIterator[Answers]:
    """Of a pump that is called Hydrolix, told in two documents, one of which asks and answers; and
    of another."""
    told = {
        "Hydrolix": (
            Block("", "The pump lifts nine litres a minute up to a height of four metres."),
            Block("Care", "Rinse the filter with warm water at the end of every month."),
        ),
        "Hydrolix: questions": (
            Block("What does Hydrolix cost?", "The pump costs eighty euros, the filter five."),
            Block("Is Hydrolix loud?", "No louder than a whisper, even at night."),
        ),
        "Aquamat": (Block("Care", "Rinse the filter of the pump with vinegar once a year."),),
        "Warranty": (Block("", "The warranty lasts three years from the day of purchase."),),
    }
    documents = {f"/{title}.md": Extract(title, blocks) for title, blocks in told.items()}
    with known(tmp_path, documents) as library:
        session = SessionKnowledge(library)
        yield Answers(session)
        await session.aclose()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much is a Hidrolix?", "eighty euros"),
        ("Does the hydro lix make any noise?", "whisper"),
        ("How often do I have to rinse the filter of the Hydrolix?", "every month"),
        ("How often do I have to rinse the filter of the Aquamat?", "once a year"),
        ("How long does the warranty last?", "three years"),
    ],
)
async def test_what_is_known_of_it_does_not_depend_on_how_its_name_was_heard(
    answers: Answers, question: str, said: str
) -> None:
    assert said in (await answers.say(asked(question)) or "")


@pytest.mark.parametrize(
    "question", ["Who invented the Hydrolix?", "When was Hidrolix founded?", "Is Hydrolix Danish?"]
)
async def test_its_name_alone_is_not_answered_with_anything(
    answers: Answers, question: str
) -> None:
    assert await answers.say(asked(question)) == NOTHING


@pytest.mark.parametrize(
    "said",
    [
        "I like my Hydrolix.",
        "Hey Hydrolix, how are you?",
        "Good morning Hydrolix, how are you?",
        "How are you, Hydrolix?",
        "How are you Hydrolix?",
    ],
)
async def test_who_only_says_the_name_is_not_told_that_nothing_was_found(
    answers: Answers, said: str
) -> None:
    assert await answers.say(asked(said)) is None


async def test_what_a_person_gave_to_read_is_not_corrected_by_what_was_known_before(
    answers: Answers,
) -> None:
    session = answers._knowledge
    await session.add_file("hydrolex.md", b"# Hydrolex\n\nThe pump Hydrolex is made of steel.\n")
    assert await session.as_meant("What is Hydrolex made of?") == "What is Hydrolex made of?"
    assert await session.as_meant("What is Hidrolix made of?") == "What is hydrolix made of?"


async def test_small_talk_about_a_word_of_a_question_is_not_answered(answers: Answers) -> None:
    assert await answers.say(asked("The new filter of my coffee machine costs a fortune.")) is None
