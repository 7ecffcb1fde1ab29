"""Marks of feeling: out of the text, and on the face with the words that they belong to."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import llm
from livekit.agents.voice.io import TextOutput

from agent.feeling import Feeling, Feelings, Felt, read_feelings, take_feelings
from agent.feeling.marks import Text, only_letters
from agent.feeling.sentiment import read_feeling
from agent.feeling.tags import TagTaker, name_feeling

HAPPY = '<expr type="expression" label="happy"/>'
SAD = '<expr type="expression" label="sad"/>'
MARKED = f"{HAPPY} That is good news! And {SAD} I am sorry for your cat."
CLEAN = "That is good news! And I am sorry for your cat."


class Captions(TextOutput):
    def __init__(self) -> None:
        super().__init__(label="test", next_in_chain=None)
        self.shown: list[str] = []

    async def capture_text(self, text: str) -> None:
        self.shown.append(text)

    def flush(self) -> None:
        self.shown.append("|")


def take(pieces: list[str]) -> tuple[str, Text]:
    text = Text()
    tags = TagTaker(text)
    return "".join([*map(tags.take, pieces), tags.rest()]), text


async def stream(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


@given(st.lists(st.integers(0, len(MARKED)), max_size=12))
def test_no_part_of_a_mark_is_spoken_wherever_the_text_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(MARKED)]
    said, text = take([MARKED[a:b] for a, b in itertools.pairwise(edges)])
    assert said == CLEAN
    assert text.letters == only_letters(CLEAN)
    assert text.marks == [
        (0, Feeling("happy", 0.7)),
        (len(only_letters("That is good news! And")), Feeling("sad", 0.7)),
    ]


@pytest.mark.parametrize("text", ["3 < 5", "a <b> c", "I <3 you", "x <", "<expr", "5 <expression"])
def test_what_only_looks_like_a_mark_is_not_lost(text: str) -> None:
    assert take(list(text))[0] == text


def test_an_unfinished_mark_does_not_hold_back_the_rest_of_an_answer() -> None:
    said, _ = take(["<expr ", *["word "] * 100])
    assert said.count("word") == 100


def test_words_inside_other_tags_are_still_spoken() -> None:
    said, text = take(
        ['The code is <expr type="spell">A7</expr>, <expr type="break" label="1s"/>ok']
    )
    assert said == "The code is A7, ok"
    assert not text.marks


@pytest.mark.parametrize(
    ("label", "feeling"),
    [
        ("happy", Feeling("happy", 0.7)),
        ("a little sheepish, apologetic", Feeling("sad", 0.4)),
        ("really bright, a bit fast", Feeling("happy", 0.4)),
        ("warm surprise", Feeling("happy", 0.7)),
        ("Deeply SAD", Feeling("sad", 1.0)),
        ("slow and clearly enunciated", None),
        ("", None),
    ],
)
def test_a_free_label_is_not_lost(label: str, feeling: Feeling | None) -> None:
    assert name_feeling(label) == feeling


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("That's wonderful news!", "happy"),
        ("Oh no, that's terrible.", "sad"),
        ("Wow, really?", "surprised"),
        ("The meeting is at three.", "neutral"),
        ("What would you like to talk about?", "neutral"),
        ("Das Treffen ist um drei.", "neutral"),
    ],
)
def test_words_are_not_felt_wrongly(sentence: str, name: str) -> None:
    assert read_feeling(sentence).name == name


async def test_marks_never_reach_voice_or_memory() -> None:
    feelings = Feelings()

    async def chunks() -> AsyncIterator[llm.ChatChunk | str]:
        yield llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=MARKED[:50]))
        yield llm.ChatChunk(
            id="1", usage=llm.CompletionUsage(completion_tokens=1, prompt_tokens=1, total_tokens=2)
        )
        yield MARKED[50:]

    got = [chunk async for chunk in take_feelings(chunks(), feelings)]
    said = "".join(
        chunk if isinstance(chunk, str) else (chunk.delta and chunk.delta.content) or ""
        for chunk in got
        if isinstance(chunk, str | llm.ChatChunk)
    )
    assert said == CLEAN
    assert any(isinstance(chunk, llm.ChatChunk) and chunk.usage for chunk in got)


async def feel_through(feelings: Feelings, words: list[str]) -> tuple[list[object], list[str]]:
    """What was felt and shown, in order."""
    order: list[object] = []

    async def feel(feeling: Feeling) -> None:
        order.append(feeling.name)

    captions = Captions()
    felt = Felt(feelings, feel, captions)
    for word in words:
        await felt.capture_text(word)
        await asyncio.sleep(0)
        order.append(word)
    felt.flush()
    await felt.aclose()
    return order, captions.shown


async def test_a_feeling_does_not_come_later_than_its_sentence() -> None:
    feelings = Feelings()
    async for _ in take_feelings(stream(MARKED), feelings):
        pass
    words = [word + " " for word in CLEAN.split()]
    order, shown = await feel_through(feelings, words)
    assert order[0] == "happy"
    assert order.index("sad") == order.index("And ") - 1  # as "And" shows, before "I"
    assert shown[0] == HAPPY and "".join(shown[1:-1]).split() == CLEAN.split()


async def test_a_thrown_away_answer_does_not_lend_its_feeling() -> None:
    feelings = Feelings()
    for answer in (
        f"{SAD}That is too bad.",
        f"{HAPPY}That is good!",
        f"{SAD}This one is not said.",
    ):
        async for _ in take_feelings(stream(answer), feelings):
            pass
    order, _ = await feel_through(feelings, ["That ", "is ", "good!"])
    assert [each for each in order if each in ("happy", "sad")][-1] == "happy"
    order, _ = await feel_through(feelings, ["Something ", "else."])
    assert order == ["Something ", "else."]


async def test_what_a_model_tells_is_not_overruled_by_its_words() -> None:
    feelings = Feelings()
    async for _ in take_feelings(stream(f"{SAD}Wonderful, great, lovely."), feelings):
        pass
    async for _ in read_feelings(stream("Wonderful, ", "great, ", "lovely."), feelings):
        pass
    order, _ = await feel_through(feelings, ["Wonderful, "])
    assert order[0] == "sad"


async def test_unmarked_sentences_are_not_left_without_feeling() -> None:
    feelings = Feelings()
    text = "It is three o'clock. That is wonderful news! Oh no, this is terrible. "
    words = [word + " " for word in text.split()]
    got = [piece async for piece in read_feelings(stream(*words), feelings)]
    assert got == words
    order, _ = await feel_through(feelings, words)
    assert order.index("happy") < order.index("That ")
    assert order.index("happy") < order.index("sad") < order.index("Oh ")


async def test_a_feeling_does_not_stay_after_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.feeling.felt.LINGER", 0.0)
    feelings = Feelings()
    async for _ in take_feelings(stream(f"{HAPPY}Good."), feelings):
        pass
    told: list[str] = []

    async def feel(feeling: Feeling) -> None:
        told.append(feeling.name)

    felt = Felt(feelings, feel, Captions())
    await felt.capture_text("Good.")
    await asyncio.sleep(0)
    felt.flush()
    for _ in range(5):
        await asyncio.sleep(0.001)
    await felt.aclose()
    assert told == ["happy", "neutral"]


async def test_a_face_that_cannot_be_told_does_not_stop_the_captions() -> None:
    feelings = Feelings()
    async for _ in take_feelings(stream(MARKED), feelings):
        pass

    async def feel(_: Feeling) -> None:
        raise ConnectionError("gone")

    captions = Captions()
    felt = Felt(feelings, feel, captions)
    for word in CLEAN.split():
        await felt.capture_text(word + " ")
        await asyncio.sleep(0)
    await felt.aclose()
    assert len(captions.shown) == 1 + len(CLEAN.split())
