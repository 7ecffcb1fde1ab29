"""Webhooks and their queues: each event to each webhook, in order, by one gateway at a time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from store import (
    Claim,
    Keys,
    Queues,
    Sessions,
    StoredSession,
    TooManyWebhooks,
    Tried,
    WebhookChanges,
    Webhooks,
)
from store.webhooks import MOST_WEBHOOKS
from tests.clocks import Clock

LEASE = 20.0
URL = "https://example.org/hook"


@pytest.fixture
def sessions(store: Engine, clock: Clock) -> Sessions:
    return Sessions(store, clock)


@pytest.fixture
def webhooks(store: Engine, clock: Clock) -> Webhooks:
    return Webhooks(store, clock)


@pytest.fixture
def queues(store: Engine, clock: Clock) -> Queues:
    return Queues(store, clock, lease=LEASE)


def begin(sessions: Sessions, id: str, owner: str = "acme") -> str:
    sessions.create(StoredSession(id, owner, f"room-{id}", {}, {}, 100.0))
    return id


def claim(queues: Queues, gateway: str = "here", limit: int = 100, most: int = 100) -> list[Claim]:
    return queues.claim(gateway, limit=limit, room_for=lambda _: most, most=most)


def test_a_webhook_is_not_told_of_strangers_sessions(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    ours = webhooks.add("acme", URL)
    theirs = webhooks.add("rival", URL)
    begin(sessions, "a")
    begin(sessions, "b", owner="rival")
    assert {(each.webhook.id, each.session) for each in claim(queues)} == {
        (ours.id, "a"),
        (theirs.id, "b"),
    }
    assert webhooks.find("rival", ours.id) is None
    assert not webhooks.remove("rival", ours.id)
    assert webhooks.all("acme") == [ours] == [webhooks.find(None, ours.id)]


def test_a_webhook_that_comes_late_is_not_told_old_news(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    for id in ("over", "running"):
        begin(sessions, id)
    sessions.end("over", "left")
    webhooks.add("acme", URL)
    assert claim(queues) == []
    sessions.append("running", "user.turn", {})
    assert [(each.session, each.seq) for each in claim(queues)] == [("running", 1)]


def test_a_sessions_own_webhook_does_not_miss_its_beginning(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    begin(sessions, "a")
    begin(sessions, "b")
    own = webhooks.add("acme", URL, session="a")
    assert [(each.webhook.id, each.session, each.seq) for each in claim(queues)] == [
        (own.id, "a", 0)
    ]
    assert webhooks.all("acme") == []
    assert webhooks.add("acme", URL, session="a") == own


def test_gateways_that_ask_at_once_do_not_get_the_same(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    webhooks.add("acme", URL)
    for n in range(20):
        begin(sessions, f"s{n}")
    with ThreadPoolExecutor(4) as gateways:
        claims = list(gateways.map(lambda n: claim(queues, f"gateway {n}"), range(4)))
    counted = Counter(each.session for part in claims for each in part)
    assert counted == {f"s{n}": 1 for n in range(20)}


def test_what_a_dead_gateway_held_is_not_stuck_and_it_cannot_come_back(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhooks.add("acme", URL)
    begin(sessions, "a")
    [dead] = claim(queues, "dead")
    clock.now += LEASE - 1
    assert claim(queues, "alive") == []
    clock.now += 1
    [alive] = claim(queues, "alive")
    assert not queues.told(dead, 1, None, over=False)
    assert not queues.failed(dead, Tried(clock.now, 500), next_at=1.0)
    queues.release(dead)
    assert claim(queues, "third") == []
    assert queues.told(alive, 1, Tried(clock.now, 200), over=False)


def test_a_lease_does_not_run_out_while_things_go_well(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhooks.add("acme", URL)
    begin(sessions, "a")
    for _ in range(3):
        sessions.append("a", "user.turn", {})
    [held] = claim(queues)
    for seq in (1, 2, 3):
        clock.now += LEASE - 1
        assert queues.told(held, seq, None, over=False)
        assert claim(queues, "other") == []
    queues.release(held)
    assert [each.seq for each in claim(queues, "other")] == [3]


def test_a_retry_does_not_come_before_its_time_and_nothing_after_giving_up(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    [first] = claim(queues)
    assert queues.failed(first, Tried(clock.now, 500, "it answers 500"), next_at=clock.now + 5)
    clock.now += 4
    assert claim(queues) == []
    [queue] = queues.page(webhook.id, after=None, limit=9, state="open")
    assert (queue.attempts, queue.next_at, queue.waiting) == (1, 105.0, 1)
    assert queue.last == Tried(100.0, 500, "it answers 500")
    clock.now += 1
    [second] = claim(queues)
    assert (second.attempts, second.failing_since) == (1, 100.0)
    assert queues.failed(second, Tried(clock.now, None, "x" * 1000), next_at=None)
    clock.now += 1e6
    sessions.append("a", "user.turn", {})
    assert claim(queues) == []
    [queue] = queues.page(webhook.id, after=None, limit=9, state="given_up")
    assert (queue.attempts, queue.next_at, queue.delivered_seq, queue.waiting) == (2, None, 0, 2)


def test_a_webhook_that_is_enabled_again_has_not_missed_anything(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    [held] = claim(queues)
    assert webhooks.disable(webhook, "gone", holder=held.holder)
    queues.failed(held, Tried(clock.now, 410), next_at=None)
    begin(sessions, "b")
    assert claim(queues) == []
    stopped = webhooks.find("acme", webhook.id)
    assert stopped is not None and stopped.disabled_because == "gone"
    assert webhooks.change(stopped.id, {"enabled": True})
    assert {(each.session, each.seq, each.attempts) for each in claim(queues)} == {
        ("a", 0, 0),
        ("b", 0, 0),
    }


@pytest.mark.parametrize("mended", [{"enabled": True}, {"url": URL + "/new"}])
def test_a_late_410_does_not_undo_what_its_owner_has_just_mended(
    mended: WebhookChanges, sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    begin(sessions, "b")
    first, late = claim(queues)
    assert webhooks.disable(webhook, "gone", holder=first.holder)
    assert webhooks.change(webhook.id, {"enabled": True, **mended})
    assert not webhooks.disable(webhook, "gone", holder=late.holder)
    found = webhooks.find("acme", webhook.id)
    assert found is not None and found.enabled


@pytest.mark.parametrize("mended", [{"enabled": True}, {"url": URL + "/new"}])
def test_a_try_that_is_under_way_does_not_undo_what_its_owner_has_just_mended(
    mended: WebhookChanges,
    sessions: Sessions,
    webhooks: Webhooks,
    queues: Queues,
    clock: Clock,
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    [old] = claim(queues)
    assert webhooks.change(webhook.id, mended)
    for next_at in (clock.now + 3600, None):
        assert not queues.failed(old, Tried(clock.now, 503), next_at=next_at)
    [new] = claim(queues)
    assert new.attempts == 0
    assert not queues.told(old, 1, Tried(clock.now, 200), over=False)
    queues.release(old)
    assert claim(queues) == [], "it took the new one's lease"


def test_a_change_does_not_undo_another_or_hurry_what_waits(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    [held] = claim(queues)
    queues.failed(held, Tried(clock.now, 503), next_at=clock.now + 60)
    assert webhooks.change(webhook.id, {"types": ("session.ended",)})
    assert claim(queues) == []
    clock.now += 61
    [again] = claim(queues)
    assert webhooks.disable(webhook, "gone", holder=again.holder)
    assert webhooks.change(webhook.id, {"types": None})
    found = webhooks.find("acme", webhook.id)
    assert found is not None and not found.enabled and found.disabled_because == "gone"


def test_what_a_gateway_held_too_long_is_not_ended_by_it_once_it_holds_it_again(
    sessions: Sessions, webhooks: Webhooks, queues: Queues, clock: Clock
) -> None:
    webhooks.add("acme", URL)
    begin(sessions, "a")
    [first] = claim(queues)
    clock.now += LEASE
    [second] = claim(queues)
    assert not queues.told(first, 1, None, over=False)
    assert not queues.failed(first, Tried(clock.now, None), next_at=None)
    queues.release(first)
    assert claim(queues) == []
    assert queues.told(second, 1, None, over=False)


def test_one_webhook_with_many_sessions_does_not_hide_another(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    busy = webhooks.add("acme", URL)
    for n in range(30):
        begin(sessions, f"s{n:02}")
    quiet = webhooks.add("rival", URL)
    begin(sessions, "other", owner="rival")
    counted = Counter(each.webhook.id for each in claim(queues, limit=8, most=4))
    assert counted == {busy.id: 4, quiet.id: 1}


def test_sessions_are_not_forgotten_before_their_webhook_knows(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    sessions.end("a", "left")
    assert sessions.forget(ended_before=1e9) == 0
    [held] = claim(queues)
    assert queues.told(held, 2, None, over=True)
    queues.release(held)
    assert claim(queues) == []
    assert sessions.forget(ended_before=1e9) == 1
    assert queues.page(webhook.id, after=None, limit=9, state=None) == []


def test_a_removed_webhook_leaves_nothing_to_do(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    webhook = webhooks.add("acme", URL)
    begin(sessions, "a")
    [held] = claim(queues)
    assert webhooks.remove("acme", webhook.id)
    assert not queues.told(held, 1, None, over=False)
    assert not webhooks.change(webhook.id, {"enabled": True})
    sessions.end("a", "left")
    assert sessions.forget(ended_before=1e9) == 1


def test_queues_are_not_left_out_between_pages(
    sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    webhook = webhooks.add("acme", URL)
    for n in range(7):
        begin(sessions, f"s{n}")
    seen: list[str] = []
    while page := queues.page(webhook.id, after=seen[-1] if seen else None, limit=3, state=None):
        seen += [each.session for each in page]
    assert seen == [f"s{n}" for n in reversed(range(7))]


def test_nobody_fills_the_store_with_webhooks(sessions: Sessions, webhooks: Webhooks) -> None:
    for _ in range(MOST_WEBHOOKS):
        webhooks.add("acme", URL)
    with pytest.raises(TooManyWebhooks):
        webhooks.add("acme", URL)
    begin(sessions, "a")
    webhooks.add("acme", URL, session="a")
    webhooks.add("rival", URL)


def test_a_webhook_does_not_outlive_the_key_that_made_it(
    store: Engine, clock: Clock, sessions: Sessions, webhooks: Webhooks, queues: Queues
) -> None:
    keys = Keys(store, clock)
    for id in ("acme", "rival"):
        keys.add(id, "0" * 64, id, ("webhooks",))
    ours, theirs, nobodys = (webhooks.add(owner, URL) for owner in ("acme", "rival", ""))
    begin(sessions, "a")
    webhooks.add("acme", URL + "/one", session="a")
    begin(sessions, "b", owner="rival")
    begin(sessions, "c", owner="")
    [under_way] = [each for each in claim(queues) if each.webhook.id == ours.id]
    assert queues.told(under_way, 0, None, over=False)
    keys.revoke("acme")
    assert not queues.told(under_way, 1, None, over=False), "it goes on to the next event"
    clock.now += LEASE
    begin(sessions, "d")  # its sessions go on
    late = webhooks.add("acme", URL)  # asked for before, at another gateway
    assert {each.webhook.id for each in claim(queues)} == {theirs.id, nobodys.id}

    shown = {each.id: each for each in webhooks.all(None)}
    assert {each.id for each in shown.values() if each.enabled} == {theirs.id, nobodys.id}
    assert shown[ours.id].disabled_because == "its API key was revoked"
    webhooks.change(ours.id, {"enabled": True})  # by an administrator, say
    clock.now += LEASE
    assert not {ours.id, late.id} & {each.webhook.id for each in claim(queues)}
    found = webhooks.find(None, ours.id)
    assert found is not None and not found.enabled

    # Nor does it keep what was said from being forgotten.
    for id in "ad":
        sessions.end(id, "left")
    assert sessions.forget(clock.now + 1) == 2
