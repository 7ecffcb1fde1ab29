"""Where an answer is cut for the voice: what it must not tear, and what it must not wait for."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sentences import Sentences, first_clause, split_sentences

HARD = [
    ("Dr. Smith is here.| He waits.", "titles"),
    ("Mr. and Mrs. Jones vs. the world, etc. and so on.| End.", "abbreviations"),
    ("J. R. R. Tolkien wrote it.| Yes.", "initials"),
    ("The U.S. economy grew.| It did.", "countries"),
    ("Meet at 5 p.m. on Monday.| Bring e.g. a pen, i.e. anything.", "Latin"),
    ("Pi is about 3.14 and e is 2.718.| Nice.", "decimals"),
    ("It costs $3.50.| OK?", "prices"),
    ("Version 1.2.3 is out.| Get it.", "versions"),
    ("No. 5 is alive.| Vol. 2 is out.", "numbers with names"),
    ("See https://example.com/a.b?c=1.| Then go.", "URLs"),
    ("Write to a.b@example.com.| Thanks.", "addresses"),
    ("Wait... what?| Yes!", "ellipsis"),
    ("Really?!| No way!!!| Yes.", "several marks"),
    ('She said "Stop."| Then left.', "quotes"),
    ("(See below.)| Then go.", "brackets"),
    ("And then we stay in.| Otherwise we go.", "in is no inch"),
    ("I said no.| Then we left.", "no is no number"),
    ("1. Wash it.| 2. Dry it.| 3. Eat it.", "numbered in a line"),
    ("You need:\n|- apples\n|- pears\n|Done.", "lists"),
    ("1. First\n|2. Second\n|Then stop.", "numbered lines"),
    ("# Title\n|Some text.| More.", "headings"),
    ("One paragraph\n|\nAnother one.", "paragraphs"),
    ("A line that is\nwrapped goes on.| Yes.", "line wraps"),
    ("Er kommt am 3. Mai.| Gut.", "German ordinals"),
    ("你好。|今天天气很好！|我们去公园吧。", "Chinese"),
    ("これはペンです。|はい。", "Japanese"),
    ("मेरा नाम एमी है।| आप कैसे हैं?", "Hindi"),
    ("مرحبا.| كيف حالك؟| أنا بخير.", "Arabic"),
]


@pytest.mark.parametrize(("marked", "what"), HARD, ids=[what for _, what in HARD])
def test_a_sentence_is_not_torn_nor_glued(marked: str, what: str) -> None:
    pieces = [piece for piece, _, _ in split_sentences(marked.replace("|", ""))]
    assert "|".join(pieces).replace("| ", "|") == marked.replace("| ", "|")


async def spoken(text: str, step: int, *, eager: bool = False) -> list[str]:
    """What a voice is given of a text that comes ``step`` letters at a time."""
    stream = Sentences(eager=eager).stream()
    pieces: list[str] = []

    async def read() -> None:
        async for event in stream:
            pieces.append(event.token)

    reading = asyncio.create_task(read())
    for start in range(0, len(text), step):
        stream.push_text(text[start : start + step])
        await asyncio.sleep(0)
    stream.end_input()
    await reading
    return pieces


@pytest.mark.parametrize("step", [1, 3, 1000])
async def test_a_stream_does_not_cut_where_the_whole_text_would_not(step: int) -> None:
    for marked, what in HARD:
        pieces = await spoken(marked.replace("|", ""), step)
        got = [" ".join(piece.split()) for piece in pieces]
        assert got == [" ".join(part.split()) for part in marked.split("|")], what


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("I think so very much, but it may rain", "I think so very much,"),
        ("Well, it depends on the weather, and", "Well, it depends on the weather,"),
        ("It has 1,000,000 inhabitants", ""),
        ("Yes, I do", ""),
        ("It is a river in Spain", ""),
        ("There are two ways: walk or", "There are two ways:"),
        ("我想我们今天应该去公园，因为", "我想我们今天应该去公园，"),
    ],
)
def test_a_first_clause_is_neither_torn_nor_too_short(text: str, clause: str) -> None:
    assert text[: first_clause(text)] == clause


async def test_the_first_clause_does_not_wait_for_the_end_of_its_sentence() -> None:
    text = "I like it very much, although it is far away, and you? Yes, I would, indeed, go."
    assert await spoken(text, 3, eager=True) == [
        "I like it very much,",
        " although it is far away, and you?",
        " Yes, I would, indeed, go.",
    ]


async def test_a_sentence_that_came_whole_is_not_cut() -> None:
    text = "I like it very much, although it is far. And you?"
    assert (await spoken(text, 1000, eager=True))[0] == "I like it very much, although it is far."


@given(st.text(alphabet='ab .,!?\n1-。 …"', max_size=60), st.integers(1, 7), st.booleans())
def test_no_letter_is_lost_or_said_twice(text: str, step: int, eager: bool) -> None:
    pieces = asyncio.run(spoken(text, step, eager=eager))
    assert "".join("".join(pieces).split()) == "".join(text.split())
