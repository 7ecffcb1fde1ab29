"""The index: what is found, in every script; what replaces what; what readers see of writers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from agent.knowledge import index_file, store
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.chunks import LENGTH, sentences, to_chunks, windows
from agent.knowledge.meaning import Encoder
from agent.knowledge.passage import Block, Extract, KnowledgeError
from agent.knowledge.search import Knowledge
from agent.knowledge.sources import split, update


def no_fetch(url: str) -> tuple[bytes, str]:
    raise ValueError(f"{url} is not to be fetched")


def give(folder: Path, **texts: str) -> Path:
    """An index of Markdown files with these names and texts, without vectors."""
    index = folder / "index.sqlite"
    with index_file.opened(index) as connection:
        for name, text in texts.items():
            blocks = tuple(Block("", part) for part in text.split("\n"))
            store.add(connection, f"/{name}", "/", text, Extract(name, blocks))
    return index


def texts(knowledge: Knowledge, question: str) -> list[str]:
    return [passage.text for passage in knowledge.search(question)]


def as_is(name: str, data: bytes, content_type: str) -> Extract:
    if b"broken" in data:
        raise KnowledgeError(f"{name} is broken")
    return Extract(name, (Block("", data.decode()),))


GARDEN = {
    "roses": "Roses want water each morning. Cut them in March.",
    "ferns": "Ferns like shade. They need no feeding.",
    "tools": "The spade hangs in the shed.",
}


def test_the_passage_that_answers_is_not_missed(tmp_path: Path) -> None:
    knowledge = Knowledge(give(tmp_path, **GARDEN))
    found = knowledge.search("When should I be cutting the rose?")
    assert found[0].text == GARDEN["roses"]
    assert (found[0].title, found[0].source) == ("roses", "/roses")
    assert found[0].best == GARDEN["roses"]
    assert 0 < found[0].score <= 1


def test_nothing_is_not_made_out_to_be_something(tmp_path: Path) -> None:
    knowledge = Knowledge(give(tmp_path, **GARDEN))
    assert knowledge.search("Who won the football match?") == []
    assert knowledge.search("") == knowledge.search("   \n") == []


@pytest.mark.parametrize(
    "question",
    [
        'roses" OR "water',
        "NEAR(roses water, 2)",
        "roses AND NOT",
        "* ^roses -water",
        "heading: roses + water",
        "roses')); DROP TABLE documents; --",
        "{roses} (water",
        '"""',
        "%_%",
        "\x00\ud83d roses",
        "water " * 5000,
    ],
)
def test_no_question_is_an_error_or_an_operator(tmp_path: Path, question: str) -> None:
    knowledge = Knowledge(give(tmp_path, **GARDEN))
    found = texts(knowledge, question)
    assert not found or found[0] == GARDEN["roses"]
    assert len(knowledge.documents()) == 3


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Die Kündigungsfrist beträgt drei Monate.", "Welche Frist gilt bei euch?"),
        ("Die Frist zum Kündigen beträgt drei Monate.", "Wie lang ist die Kündigungsfrist?"),
        ("Die Größe steht auf dem Schild.", "welche GRÖSSE"),
        ("東京タワーは港区にあります。", "東京はどこ？"),
        ("长城在北京附近。", "长城在哪里？"),
        ("서울에서 김치를 먹어요.", "김치는 어디?"),
        ("Музей открыт по средам.", "Когда открыт музей?"),
        ("Το μουσείο είναι ανοιχτό.", "πού είναι το Μουσείο;"),
        ("متحف القاهرة مفتوح.", "هل متحف القاهرة مفتوح؟"),
        ("The café naïve opens.", "cafe naive"),
        ("Ｆｕｌｌ width ５００ yen", "full 500"),
    ],
)
def test_no_script_is_left_out(tmp_path: Path, text: str, question: str) -> None:
    knowledge = Knowledge(give(tmp_path, right=text, **GARDEN))
    assert texts(knowledge, question)[:1] == [text]


def test_the_budget_is_not_exceeded(tmp_path: Path) -> None:
    many = {f"page{number}": f"Apples number {number}. " + "word " * 100 for number in range(9)}
    knowledge = Knowledge(give(tmp_path, **many))
    assert len(knowledge.search("apples", limit=5, budget=10_000)) == 5
    found = knowledge.search("apples", limit=5, budget=500)
    assert 0 < len(found) < 5
    assert sum(passage.tokens for passage in found) <= 500
    assert knowledge.search("apples", budget=3) == []


def test_the_same_document_again_does_not_stay_twice(tmp_path: Path) -> None:
    knowledge = Knowledge(give(tmp_path, **GARDEN))
    assert texts(knowledge, "Where is the spade?")
    give(tmp_path, tools="The rake lies on the roof.")
    assert texts(knowledge, "Where is the spade?") == []
    assert texts(knowledge, "Where is the rake?") == ["The rake lies on the roof."]
    assert len(knowledge.documents()) == 3
    assert knowledge.remove("/tools")
    assert not knowledge.remove("/tools")
    assert texts(knowledge, "Where is the rake?") == []
    with index_file.opened(knowledge.file) as connection:
        words = "SELECT sum(passages) FROM words WHERE word IN ('rake', 'spade', 'roof')"
        assert connection.execute(words).fetchone() == (0,)


def test_a_folder_is_not_read_again_where_nothing_has_changed(tmp_path: Path) -> None:
    folder, index = tmp_path / "docs", tmp_path / "index.sqlite"
    (folder / "deep" / ".hidden").mkdir(parents=True)
    (folder / "one.md").write_text("one")
    (folder / "deep" / "two.txt").write_text("two")
    (folder / "deep" / ".hidden" / "three.txt").write_text("three")
    (folder / "picture.png").write_bytes(b"broken")
    first = update(index, [str(folder)], no_fetch, read=as_is)
    assert [document.title for document in first.added] == ["one.md", "two.txt"]
    (folder / "one.md").write_text("one and a half")
    (folder / "deep" / "two.txt").unlink()
    (folder / "four.txt").write_text("broken")
    second = update(index, [str(folder)], no_fetch, read=as_is)
    assert [document.title for document in second.added] == ["one.md"]
    assert second.removed == [str(folder / "deep" / "two.txt")]
    assert second.problems == ["four.txt is broken"]
    third = update(index, [str(folder)], no_fetch, read=as_is)
    assert (third.added, third.unchanged, third.removed) == ([], 1, [])


def test_a_source_that_cannot_be_read_is_not_forgotten(tmp_path: Path) -> None:
    index, url = tmp_path / "index.sqlite", "https://example.org/a.txt"
    update(index, [url], lambda _: (b"some words", "text/plain"), read=as_is)
    outcome = update(index, [url, str(tmp_path / "none")], no_fetch, exactly=True, read=as_is)
    assert len(outcome.problems) == 2
    with index_file.opened(index) as connection:
        assert [document.source for document in store.documents(connection)] == [url]


def test_what_is_no_longer_asked_for_does_not_stay(tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite"
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    update(index, [str(tmp_path / "a.txt")], no_fetch, read=as_is)
    outcome = update(index, [str(tmp_path / "b.txt")], no_fetch, exactly=True, read=as_is)
    assert outcome.removed == [str(tmp_path / "a.txt")]


def test_readers_do_not_wait_for_a_writer_or_see_half_a_document(tmp_path: Path) -> None:
    index = give(tmp_path, **GARDEN)
    stop, problems = threading.Event(), []

    def read() -> None:
        knowledge = Knowledge(index)
        while not stop.is_set():
            try:
                found = knowledge.search("apples pears plums", limit=20, budget=10_000)
                if len(found) not in (0, 4):
                    problems.append(f"{len(found)} passages of a document of four")
            except Exception as error:
                problems.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    part = "Apples, pears and plums. " + "More of this. " * 55
    for _ in range(15):
        give(tmp_path, fruit="\n".join([part] * 4))
    stop.set()
    for reader in readers:
        reader.join()
    assert not problems


def test_two_writers_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    index = give(tmp_path)
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(10):
                give(tmp_path, **{f"{name}{number}": f"Text of {name} number {number}"})
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not errors
    assert len(Knowledge(index).documents()) == 20


def test_an_index_that_is_no_index_is_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(KnowledgeError, match="cannot be opened"):
        Knowledge(file)


def test_an_index_of_another_version_is_not_read_as_it_is(tmp_path: Path) -> None:
    """It is made anew, and filled by the next update."""
    index, source = tmp_path / "index.sqlite", tmp_path / "a.txt"
    source.write_text("The spade hangs in the shed.")
    update(index, [str(source)], no_fetch, read=as_is)
    with index_file.opened(index) as connection:
        connection.execute("PRAGMA user_version=99")
        connection.execute("ALTER TABLE passages RENAME COLUMN text TO body")
    assert Knowledge(index).search("spade") == []
    outcome = update(index, [str(source)], no_fetch, read=as_is)
    assert (len(outcome.added), outcome.unchanged) == (1, 0)
    assert texts(Knowledge(index), "spade") == ["The spade hangs in the shed."]


def test_sentences_are_not_cut_at_abbreviations_or_inside_numbers() -> None:
    text = "Ask Dr. Jones, e.g. at 3.5 km. Then go! 好的。行。"
    assert sentences(text) == ["Ask Dr. Jones, e.g. at 3.5 km.", "Then go!", "好的。", "行。"]


def test_passages_are_not_too_long_or_over_a_heading_or_lossy() -> None:
    long = " ".join(f"Sentence number {number} says something." for number in range(80))
    blocks = [Block("A", long), Block("B", "short"), Block("B", "x" * 2000)]
    chunks = list(to_chunks(blocks))
    assert all(len(chunk.text) <= LENGTH for chunk in chunks)
    joined = " ".join(chunk.text for chunk in chunks if chunk.heading == "A")
    assert all(f"Sentence number {number} says" in joined for number in range(80))
    assert [chunk.heading for chunk in chunks] == sorted(chunk.heading for chunk in chunks)
    first, second = (sentences(chunk.text.replace("\n", " ")) for chunk in chunks[:2])
    assert first[-1] == second[0]


def test_every_word_of_a_passage_does_have_a_vector() -> None:
    text = "One. Two is longer. " + "Three " * 60 + ".\nA new line."
    spans = windows(text)
    seen = "".join(text[begin:end] for begin, end in spans)
    assert seen.replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")


def test_the_setting_is_not_split_wrongly() -> None:
    assert split("README.md, docs,\n https://a.example/b ,") == [
        "README.md",
        "docs",
        "https://a.example/b",
    ]
    assert split("none") == split("") == []


# With vectors ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    found = local_encoder()
    assert found is not None
    return found


def test_other_words_for_the_same_are_not_missed(tmp_path: Path, encoder: Encoder) -> None:
    index = give(tmp_path, **GARDEN)
    assert embed(index, encoder) == 3
    assert embed(index, encoder) == 0
    found = Knowledge(index, encoder).search("Which plants can stand in the dark?")
    assert found[0].text == GARDEN["ferns"]


def test_what_is_heard_without_a_question_mark_is_not_found_differently(
    tmp_path: Path, encoder: Encoder
) -> None:
    index = give(tmp_path, **GARDEN)
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    said = "Which plants can stand in the dark"
    assert knowledge.search(f"{said} ?") == knowledge.search(f"{said}…") == knowledge.search(said)
    assert knowledge.search("?!") == []


def test_new_and_removed_vectors_do_not_go_unnoticed(tmp_path: Path, encoder: Encoder) -> None:
    index = give(tmp_path, **GARDEN)
    knowledge = Knowledge(index, encoder)
    assert knowledge.search("a tale of the ocean", method="vectors") == []
    give(tmp_path, sea="A story about the sea and its ships.")
    embed(index, encoder)
    assert knowledge.search("a tale of the ocean", method="vectors")[0].title == "sea"
    with index_file.opened(index) as connection:
        store.remove(connection, "/sea")
    assert "sea" not in [p.title for p in knowledge.search("a tale of the ocean")]


def test_many_vectors_are_not_searched_less_well(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    made = dice.normal(size=(3000, 384)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)

    def pretend(asked: Sequence[str]) -> npt.NDArray[np.float32]:
        near = made[[int(text.split()[-1]) for text in asked]]
        near = near + 0.03 * dice.normal(size=near.shape).astype(np.float32)
        found: npt.NDArray[np.float32] = near / np.linalg.norm(near, axis=1, keepdims=True)
        return found

    index = give(tmp_path, numbers="\n".join(f"{'x' * 890} {number}" for number in range(3000)))
    embed(index, pretend)
    knowledge = Knowledge(index, pretend)
    for number in range(0, 3000, 300):
        best = knowledge.search(f"{number}", method="vectors", budget=10_000)[0]
        assert best.text.endswith(f" {number}")
