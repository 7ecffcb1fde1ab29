"""Webhooks against a real receiver and real stores: every event, in order, whatever breaks."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import Engine
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from gateway.events.deliverer import Deliverer, Pace
from gateway.events.message import message_of
from gateway.events.post import Answer, make_post
from store import Queues, Sessions, StoredSession, Webhook, Webhooks, open_store
from tests.receivers import Receiver, receiving
from visavis.events import Event, EventType

QUICK = Pace(look=0.02, first_wait=0.02, longest_wait=0.05, farewell=10.0)
LEASE = 20.0
SECRET = "whsec_" + "c2VjcmV0" * 4


@dataclass(frozen=True)
class Product:
    """One that has registered webhooks, and whose sessions go on."""

    store: Engine
    sessions: Sessions
    webhooks: Webhooks
    receiver: Receiver

    def queues(self, lease: float = LEASE) -> Queues:
        return Queues(self.store, time.time, lease=lease)

    def hook(self, path: str, *types: EventType) -> Webhook:
        made = self.webhooks.add("acme", self.receiver.url(path), types=types or None)
        self.receiver.secrets[path] = made.secret
        return made

    def begin(self, id: str, turns: int = 0) -> str:
        self.sessions.create(StoredSession(id, "acme", f"room-{id}", {}, {}, time.time()))
        for n in range(turns):
            self.sessions.append(id, "user.turn", {"text": f"Grüße {n} 👋\n\ud800"})
        return id

    def attempts(self, hook: Webhook) -> int:
        """At the first of its queues."""
        return self.queues().page(hook.id, after=None, limit=1, state=None)[0].attempts

    def deliverer(
        self,
        gateway: str = "here",
        pace: Pace = QUICK,
        *,
        lease: float = LEASE,
        allow_private: bool = True,
    ) -> Deliverer:
        return Deliverer(
            (self.sessions, self.webhooks, self.queues(lease)),
            make_post(allow_private=allow_private, timeout=30.0),
            gateway=gateway,
            clock=time.time,
            random=lambda: 0.5,
            pace=pace,
        )


@asynccontextmanager
async def running(*deliverers: Deliverer) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in deliverers]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.02)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def product(store: Engine, receiver: Receiver) -> Product:
    clock = time.time
    return Product(store, Sessions(store, clock), Webhooks(store, clock), receiver)


@pytest.fixture
def small(tmp_path: Path, receiver: Receiver) -> Iterator[Product]:
    """Where one kind of store tells as much as the other."""
    store = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    clock = time.time
    yield Product(store, Sessions(store, clock), Webhooks(store, clock), receiver)
    store.dispose()


async def test_a_receiver_that_fails_in_every_way_does_not_miss_or_reorder_an_event(
    product: Product, receiver: Receiver
) -> None:
    product.hook("/hook")
    receiver.answers["/hook"] = [500, "break", 204, 404, "hang", 302, 200, 429, 201]
    product.begin("a", turns=4)
    deliverer = product.deliverer()
    patient, hurried = deliverer._post, make_post(allow_private=True, timeout=0.5)

    async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        hangs = receiver.answers["/hook"][:1] == ["hang"]
        return await (hurried if hangs else patient)(url, body, headers)

    deliverer._post = post
    async with running(deliverer):
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2, 3, 4, 5])
        product.sessions.end("a", "left")
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2, 3, 4, 5, 6])
    assert receiver.taken["/hook"][1]["data"] == {"text": "Grüße 0 👋\n\ud800"}
    assert receiver.taken["/hook"][-1]["type"] == "session.ended"
    assert max(receiver.tries.values()) == 4


async def test_gateways_that_share_the_work_do_not_tell_anything_twice(
    product: Product, receiver: Receiver
) -> None:
    product.hook("/one")
    product.hook("/two")
    ids = [product.begin(f"s{n}", turns=4) for n in range(10)]

    def complete() -> bool:
        return all(len(receiver.seqs(path, id)) == 6 for path in ("/one", "/two") for id in ids)

    async with running(product.deliverer("left"), product.deliverer("right")):
        for id in ids:
            await asyncio.to_thread(product.sessions.end, id, "left")
        await receiver.until(complete)
    for path in ("/one", "/two"):
        assert all(receiver.seqs(path, id) == [1, 2, 3, 4, 5, 6] for id in ids)
    assert set(receiver.tries.values()) == {1}


KILLED = """
import asyncio, sys, time
from gateway.events.deliverer import Deliverer, Pace
from gateway.events.post import make_post
from store import Queues, Sessions, Webhooks, open_store
store = open_store(sys.argv[1])
queues = Queues(store, time.time, lease=float(sys.argv[2]))
asyncio.run(Deliverer(
    (Sessions(store, time.time), Webhooks(store, time.time), queues),
    make_post(allow_private=True), gateway="doomed", clock=time.time, random=lambda: 0.5,
).run())
"""


async def test_what_a_killed_gateway_was_at_is_not_lost(
    product: Product, receiver: Receiver, store_url: str
) -> None:
    product.hook("/hook")
    receiver.answers["/hook"] = [200, 200, "hang"]
    product.begin("a", turns=4)
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, store_url, "1.5", cwd=Path(__file__).parent.parent
    )
    try:
        await receiver.until(lambda: receiver.asked["/hook"] == 3, 60)
    finally:
        doomed.kill()
        await doomed.wait()
    async with running(product.deliverer("heir", lease=1.5)):
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2, 3, 4, 5])
    tries = [receiver.tries[f"/hook evt_a_{seq}"] for seq in range(1, 6)]
    assert tries == [1, 1, 2, 1, 1]  # the one that was under way, once more


async def test_a_gateway_that_stops_does_not_leave_its_message_to_be_told_twice(
    small: Product, receiver: Receiver
) -> None:
    small.hook("/hook")
    gate = asyncio.Event()
    small.begin("a", turns=2)
    slow = make_post(allow_private=True)

    async def wait_and_post(url: str, body: bytes, headers: object) -> object:
        answer = await slow(url, body, headers)  # type: ignore[arg-type]
        await gate.wait()
        return answer

    deliverer = small.deliverer()
    deliverer._post = wait_and_post  # type: ignore[assignment]
    task = asyncio.create_task(deliverer.run())
    await receiver.until(lambda: receiver.asked["/hook"] == 1)
    task.cancel()
    await asyncio.sleep(0)
    gate.set()
    with suppress(asyncio.CancelledError):
        await task
    assert receiver.asked["/hook"] == 1
    async with running(small.deliverer("next")):
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2, 3])
    assert set(receiver.tries.values()) == {1}


async def test_a_dead_receiver_does_not_delay_another(small: Product, receiver: Receiver) -> None:
    small.hook("/dead")
    receiver.answers["/dead"] = ["hang"] * 1000
    ids = [small.begin(f"s{n:02}", turns=1) for n in range(20)]
    pace = replace(QUICK, at_once=6, at_once_each=4, farewell=0.0)
    async with running(small.deliverer(pace=pace)):
        await receiver.until(lambda: receiver.under_way["/dead"] == 4)
        small.hook("/good")
        for id in ids:
            await asyncio.to_thread(small.sessions.append, id, "user.turn", {})
        await receiver.until(lambda: all(receiver.seqs("/good", id) == [3] for id in ids))
        assert receiver.under_way["/dead"] == 4
        assert receiver.asked["/dead"] == 4


async def test_a_receiver_that_fails_is_not_asked_for_all_its_sessions_at_once(
    small: Product, receiver: Receiver
) -> None:
    small.hook("/bad")
    receiver.answers["/bad"] = [500, *["hang"] * 100]
    for n in range(10):
        small.begin(f"s{n}")
    pace = replace(QUICK, at_once_each=1, farewell=0.0)
    deliverer = small.deliverer(pace=pace)
    async with running(deliverer):
        await receiver.until(lambda: receiver.under_way["/bad"] == 1 and receiver.asked["/bad"] > 1)
        deliverer._pace = replace(pace, at_once_each=4)
        await asyncio.sleep(0.2)
        assert receiver.asked["/bad"] == 2


async def test_a_receiver_that_is_gone_is_not_asked_again(
    small: Product, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    disable = small.webhooks.disable

    def disable_slowly(webhook: Webhook, because: str, *, holder: str) -> bool:
        time.sleep(0.3)
        return disable(webhook, because, holder=holder)

    monkeypatch.setattr(small.webhooks, "disable", disable_slowly)
    hook = small.hook("/hook")
    receiver.answers["/hook"] = [410]
    small.begin("a", turns=1)

    def disabled() -> bool:
        found = small.webhooks.find("acme", hook.id)
        return found is not None and not found.enabled

    async with running(small.deliverer()):
        await until(disabled)
        small.begin("b")
        await asyncio.sleep(0.2)
        assert receiver.asked["/hook"] == 1
        found = small.webhooks.find("acme", hook.id)
        assert found is not None and found.disabled_because == "it answered 410 Gone"
        small.webhooks.change(found.id, {"enabled": True})
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2])
        await receiver.until(lambda: receiver.seqs("/hook", "b") == [1])


async def test_a_receiver_that_never_comes_back_is_not_asked_for_ever(
    small: Product, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hook = small.hook("/hook?token=hidden")
    receiver.answers["/hook"] = [503] * 1000
    small.begin("a")
    pace = replace(QUICK, patience=0.2)

    def given_up() -> bool:
        return bool(small.queues().page(hook.id, after=None, limit=1, state="given_up"))

    async with running(small.deliverer(pace=pace)):
        await until(given_up)
        asked = receiver.asked["/hook"]
        assert asked > 1
        await asyncio.sleep(0.2)
        assert receiver.asked["/hook"] == asked
    assert f"{hook.id} is told no more of session a" in caplog.text
    assert "hidden" not in caplog.text and hook.secret not in caplog.text


async def test_a_redirect_is_not_followed(small: Product, receiver: Receiver) -> None:
    hook = small.hook("/hook")
    moved = {"Location": receiver.url("/elsewhere")}
    receiver.answers["/hook"] = [lambda: web.Response(status=307, headers=moved)]
    small.begin("a")
    pace = replace(QUICK, first_wait=3600, longest_wait=3600)

    async with running(small.deliverer(pace=pace)):
        await until(lambda: small.attempts(hook) > 0)
    [queue] = small.queues().page(hook.id, after=None, limit=1, state="open")
    assert queue.last is not None and queue.last.error == "it answered 307"
    assert not receiver.asked["/elsewhere"]


async def test_a_receiver_that_asks_for_time_is_not_hurried(
    small: Product, receiver: Receiver
) -> None:
    hook = small.hook("/hook")
    later = {"Retry-After": "1800"}
    receiver.answers["/hook"] = [lambda: web.Response(status=429, headers=later)]
    small.begin("a")
    pace = replace(QUICK, longest_wait=3600)

    async with running(small.deliverer(pace=pace)):
        await until(lambda: small.attempts(hook) > 0)
    [queue] = small.queues().page(hook.id, after=None, limit=1, state="open")
    assert queue.next_at is not None and queue.last is not None
    assert 1800 <= queue.next_at - queue.last.at < 1830


async def test_this_machine_is_not_told_anything(small: Product, receiver: Receiver) -> None:
    hook = small.webhooks.add("acme", receiver.url("/hook").replace("http:", "https:"))
    small.begin("a")

    async with running(small.deliverer(allow_private=False)):
        await until(lambda: small.attempts(hook) > 1)
    [queue] = small.queues().page(hook.id, after=None, limit=1, state="open")
    assert queue.last is not None and "not on the public internet" in (queue.last.error or "")
    assert not receiver.asked


async def test_what_a_webhook_did_not_ask_for_does_not_reach_or_hold_it(
    small: Product, receiver: Receiver
) -> None:
    hook = small.hook("/hook", "session.ended")
    small.begin("a", turns=50)
    small.sessions.end("a", "idle")
    async with running(small.deliverer()):
        await receiver.until(lambda: bool(receiver.taken.get("/hook")))
    [told] = receiver.taken["/hook"]
    assert (told["type"], told["seq"], told["data"]) == ("session.ended", 52, {"reason": "idle"})
    [queue] = small.queues().page(hook.id, after=None, limit=1, state="done")
    assert queue.waiting == 0


async def test_a_store_that_fails_for_a_while_does_not_end_the_telling(
    small: Product, receiver: Receiver
) -> None:
    small.hook("/hook")
    small.begin("a", turns=1)
    deliverer = small.deliverer()
    queues = deliverer._queues

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise OSError("the disk is gone")

    deliverer._queues = Broken()  # type: ignore[assignment]
    async with running(deliverer):
        await asyncio.sleep(0.1)
        deliverer._queues = queues
        await receiver.until(lambda: receiver.seqs("/hook", "a") == [1, 2])


def test_waits_do_not_fall_together_nor_grow_for_ever() -> None:
    pace = Pace()
    assert [round(pace.wait(n, 0.5)) for n in (1, 2, 3, 4)] == [5, 15, 45, 135]
    assert pace.wait(1000, 0.5) == 3600
    assert (pace.wait(1, 0.0), pace.wait(1, 1.0)) == (3.75, 6.25)


def test_a_forged_or_an_old_message_does_not_pass() -> None:
    message = message_of(Event("a", 7, "user.turn", 1.5, {"text": "Grüße 👋"}))
    now = time.time()
    verifier = Verifier(SECRET)
    headers = message.headers(SECRET, now)
    assert verifier.verify(message.body, headers) == {
        "session": "a", "seq": 7, "type": "user.turn", "at": 1.5, "data": {"text": "Grüße 👋"},
    }  # fmt: skip
    other = json.dumps({"type": "session.ended"})
    refused: list[tuple[str | bytes, dict[str, str]]] = [
        (other, headers),
        (message.body, {**headers, "webhook-id": "evt_a_8"}),
        (message.body, {**headers, "webhook-timestamp": str(int(now) + 1)}),
        (message.body, message.headers(SECRET, now - 301)),
        (message.body, message.headers(SECRET, now + 302)),
        (message.body, message.headers("whsec_" + "b3RoZXIh" * 4, now)),
    ]
    for body, sent in refused:
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, sent)
