"""What is remembered of people: kept, bounded, and gone when they say so."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from store import Memories, Memory, MemoryChangedError, StoreError, Turn, open_store
from store.database import PEOPLE
from store.memories import LONGEST, MOST_TURNS, WISH_KEPT
from tests.clocks import Clock

ANNA = "anna-5f2d0c1e9b7a"
BEN = "ben-0a1b2c3d4e5f"


@pytest.fixture
def memories(store: Engine, clock: Clock) -> Memories:
    return Memories(store, clock)


def said(*texts: str) -> list[Turn]:
    return [Turn(1.0 + n, "user", text) for n, text in enumerate(texts)]


def test_what_was_said_is_not_lost_with_the_process(store_url: str, clock: Clock) -> None:
    first = open_store(store_url)
    Memories(first, clock).keep(ANNA, since=0, turns=said("Hello"), facts=["Likes tea."])
    first.dispose()
    again = open_store(store_url)
    assert Memories(again, clock).recall(ANNA) == Memory(("Likes tea.",), tuple(said("Hello")))
    again.dispose()


def test_one_person_is_not_told_of_another(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=said("I am Anna"), facts=["Is called Anna."])
    assert memories.recall(BEN) == Memory()
    memories.forget(BEN)
    assert memories.recall(ANNA).facts == ("Is called Anna.",)


def test_facts_and_what_they_were_gathered_from_are_not_both_told(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=said("I moved to Bern"), facts=None)
    memories.keep(ANNA, since=0, turns=[], facts=["Lives in Bern."])
    assert memories.recall(ANNA) == Memory(("Lives in Bern.",), ())


def test_new_facts_do_not_pile_up_on_old_ones(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=[], facts=["Lives in Rome."])
    memories.keep(ANNA, since=0, turns=said("I moved"), facts=["Lives in Bern."])
    memories.keep(ANNA, since=0, turns=said("Bye"), facts=None)
    known = memories.recall(ANNA)
    assert known.facts == ("Lives in Bern.",)
    assert [turn.text for turn in known.turns] == ["I moved", "Bye"]


def test_a_running_conversation_does_not_bring_back_what_was_forgotten(
    memories: Memories, clock: Clock
) -> None:
    began, clock.now = 150.0, 200.0
    memories.keep(ANNA, since=began, turns=said("A secret"), facts=["Has a secret."])
    memories.forget(ANNA)
    assert memories.recall(ANNA) == Memory()
    assert not memories.keep(ANNA, since=began, turns=said("A secret"), facts=["Has a secret."])
    assert memories.recall(ANNA) == Memory()
    assert memories.keep(ANNA, since=300.0, turns=said("Hello again"), facts=None)
    assert len(memories.recall(ANNA).turns) == 1


def test_whoever_asks_to_be_forgotten_under_made_up_names_does_not_fill_the_disk(
    memories: Memories, store: Engine, clock: Clock
) -> None:
    memories.keep(ANNA, since=0, turns=said("Hello"), facts=None)
    memories.keep(BEN, since=0, turns=[], facts=["Is called Ben."])
    began = clock.now
    clock.now += 1
    for number in range(20):
        memories.forget(f"nobody-{number}")
    clock.now += WISH_KEPT
    assert memories.drop_strangers() == 0
    assert not memories.keep("nobody-0", since=began, turns=said("A secret"), facts=None)
    clock.now += 1
    assert memories.drop_strangers() == 19, "a conversation that still runs is known again"
    clock.now += WISH_KEPT
    assert memories.drop_strangers() == 1
    with store.connect() as connection:
        assert set(connection.scalars(select(PEOPLE.c.person))) == {ANNA, BEN}
    assert memories.recall(ANNA).turns and memories.recall(BEN).facts


def test_a_talkative_person_does_not_fill_the_disk(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=[], facts=["x" * 10 * LONGEST] * 1000)
    for round_ in range(3):
        texts = [f"{round_} {n}" for n in range(MOST_TURNS // 2)]
        memories.keep(ANNA, since=0, turns=said(*texts), facts=None)
    known = memories.recall(ANNA)
    assert len(known.turns) == MOST_TURNS
    assert known.turns[-1].text == f"2 {MOST_TURNS // 2 - 1}"
    assert known.turns[0].text == "1 0"
    assert max(map(len, known.facts)) == LONGEST


def test_a_letter_that_no_database_takes_does_not_cost_the_memory(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=said("a\0b", "c\ud800d"), facts=["Likes\0 tea."])
    known = memories.recall(ANNA)
    assert known.facts == ("Likes tea.",)
    assert [turn.text for turn in known.turns] == ["ab", "c?d"]


def test_what_a_person_is_given_is_not_less_than_what_is_known(memories: Memories) -> None:
    memories.keep(ANNA, since=0, turns=said("Grüße 👋"), facts=["Likes tea."])
    given = json.loads(json.dumps(memories.recall(ANNA).to_dict()))
    assert given == {
        "facts": ["Likes tea."],
        "turns": [{"at": 1.0, "role": "user", "text": "Grüße 👋"}],
    }


def test_conversations_that_end_at_once_do_not_lose_a_turn(memories: Memories) -> None:
    def end(number: int) -> None:
        memories.keep(ANNA, since=0, turns=said(str(number)), facts=None)

    threads = [threading.Thread(target=end, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(turn.text) for turn in memories.recall(ANNA).turns) == list(range(8))


def test_facts_gathered_from_what_was_known_before_do_not_replace_newer_ones(
    memories: Memories,
) -> None:
    before = memories.recall(ANNA)
    memories.keep(ANNA, since=0, turns=[], facts=["Is called Anna."], instead_of=before)
    with pytest.raises(MemoryChangedError):
        memories.keep(ANNA, since=0, turns=said("Hi"), facts=["Likes tea."], instead_of=before)
    assert memories.recall(ANNA) == Memory(("Is called Anna.",), ())


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite:////proc/no/such.sqlite3", "mysql://root:hunter2@127.0.0.1:1/x"]
)
def test_a_store_that_cannot_be_opened_does_not_tell_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="STORE_URL") as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_workers_that_start_at_once_do_not_trip_over_each_others_tables(store_url: str) -> None:
    def start(_: int) -> None:
        open_store(store_url).dispose()

    with ThreadPoolExecutor(8) as workers:
        assert len(list(workers.map(start, range(16)))) == 16
