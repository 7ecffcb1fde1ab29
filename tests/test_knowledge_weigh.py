"""Which of the passages that were found comes first."""

from __future__ import annotations

from agent.knowledge.weigh import Asked, Candidate, in_order


def candidate(text: str, *cosines: float, bm25: float = 0.0) -> Candidate:
    parts = tuple((part, cosine) for part, cosine in zip(text.split("|"), cosines, strict=False))
    return Candidate(text, "", "", "", bm25, parts)


def test_neither_words_nor_meaning_alone_put_a_passage_in_front() -> None:
    asked = Asked.of({"rose": 2, "water": 3, "spade": 4}, 100)
    meant = candidate("nothing of it", 0.5)
    said = candidate("a rose, water, a spade", 0.1, bm25=15.0)
    both = candidate("water for the rose", 0.45, bm25=10.0)
    assert in_order([said, meant, both], asked, 5) == [both, meant, said]


def test_words_that_are_apart_do_not_count_as_much_as_words_together() -> None:
    asked = Asked.of({"rose": 2, "water": 3, "spade": 4}, 100)
    apart = candidate("a rose|some water", 0.4, 0.4)
    together = candidate("water for a rose|and more", 0.4, 0.4)
    assert in_order([apart, together], asked, 5) == [together, apart]


def test_a_passage_that_says_more_of_it_is_not_behind_one_that_says_it_once() -> None:
    asked = Asked.of({"rose": 2}, 100)
    once, twice = candidate("this|that", 0.5, 0.1), candidate("these|those", 0.5, 0.4)
    assert in_order([once, twice], asked, 5) == [twice, once]


def test_the_only_passage_with_a_name_is_not_behind_five_that_sound_alike() -> None:
    asked = Asked.of({"rose": 20, "zephirine": 1}, 100)
    named = candidate("the zephirine rose", 0.1, bm25=12.0)
    alike = [candidate(f"a rose {number}", 0.6, bm25=6.0) for number in range(8)]
    found = in_order([named, *alike], asked, 5)
    assert found.index(named) == 4
    assert [one for one in found if one is not named] == alike


def test_what_is_hardly_first_by_words_is_not_put_before_what_is_meant() -> None:
    asked = Asked.of({"rose": 20}, 100)
    said = candidate("rose rose", 0.1, bm25=6.2)
    meant = [candidate(f"a rose {number}", 0.6, bm25=6.0) for number in range(8)]
    assert in_order([said, *meant], asked, 5)[-1] == said


def test_what_has_no_vectors_yet_is_not_last_for_that() -> None:
    asked = Asked.of({"rose": 2, "water": 3, "spade": 4}, 100)
    new = candidate("water and a spade for a rose", bm25=20.0)
    old = [candidate("this", cosine) for cosine in (0.3, 0.2, 0.1)]
    assert in_order([*old, new], asked, 5)[0] == new
