"""What nobody ends is ended, once, and nothing that goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from sqlalchemy import Engine, select

from gateway.access import Caller
from gateway.dispatch import Dispatcher
from gateway.sessions import SessionParts, SessionRequest
from gateway.sessions.janitor import AFTERGLOW, MISSING, OVERTIME, SETTLING
from settings import Settings
from store import Memories, Sessions, StoredSession, TooManyOpen
from store.database import PEOPLE
from store.idempotency import KEPT, LEASE, Answer, Attempt, OtherRequest, Requests
from store.memories import WISH_KEPT
from tests.fake_livekit import SECRET, FakeLiveKit
from visavis.events import EndReason

NOBODY = Caller("", frozenset())


class House:
    """Gateways on one store, at a time of our own."""

    def __init__(self, store: Engine) -> None:
        self.now = 1_000_000.0
        self.store = store
        self.livekit = FakeLiveKit()
        self.sessions = Sessions(store, lambda: self.now)
        self.gateways = [self._gateway() for _ in range(2)]

    def _gateway(self) -> SessionParts:
        settings = Settings(
            _env_file=None,
            livekit_api_secret=SECRET,
            dispatch_timeout=0.2,
            face_timeout=0.2,
            transcript_days=1.0,
        )
        client: Any = self.livekit.client()
        dispatcher = Dispatcher(client, settings)
        return SessionParts.of(settings, self.store, client, dispatcher, lambda: self.now)

    async def create(self, **asked: Any) -> str:
        request = SessionRequest.model_validate(asked)
        return (await self.gateways[0].desk.create(request, NOBODY)).id

    async def pass_time(self, seconds: float) -> None:
        """Both janitors look around, at once."""
        self.now += seconds
        await asyncio.gather(*(each.janitor.look() for each in self.gateways))

    def end_of(self, id: str) -> str | None:
        session = self.sessions.find(id)
        assert session is not None
        return session.end_reason

    def types(self, id: str) -> list[str]:
        return [event.type for event in self.sessions.events(id)]


@pytest.fixture
def house(store: Engine) -> House:
    return House(store)


async def test_a_conversation_that_goes_on_is_left_alone(house: House) -> None:
    id = await house.create()
    for _ in range(40):
        await house.pass_time(50)
    assert house.end_of(id) is None and len(house.livekit.rooms) == 1


async def test_a_session_whose_room_is_gone_ends_once(house: House) -> None:
    id = await house.create()
    await house.pass_time(SETTLING + 1)
    house.livekit.rooms.clear()
    await house.pass_time(1)
    await house.pass_time(MISSING - 1)
    assert house.end_of(id) is None  # LiveKit may be starting anew
    await house.pass_time(2)
    assert house.end_of(id) == "lost"
    assert house.types(id) == ["session.created", "session.ended"]


async def test_a_room_that_comes_back_is_not_lost(house: House) -> None:
    id = await house.create()
    await house.pass_time(SETTLING + 1)
    away = dict(house.livekit.rooms)
    for _ in range(3):
        house.livekit.rooms.clear()
        await house.pass_time(MISSING - 1)
        house.livekit.rooms.update(away)
        await house.pass_time(MISSING - 1)
    assert house.end_of(id) is None


async def test_a_gateway_that_dies_before_it_made_the_room_leaves_no_session_open(
    house: House,
) -> None:
    spec = {"participant": {"identity": "a"}}
    house.sessions.create(StoredSession("ses_a", "", "session-a", spec, {}, house.now))
    await house.pass_time(SETTLING - 1)
    assert house.end_of("ses_a") is None  # somebody may be at it
    await house.pass_time(2)
    await house.pass_time(MISSING)
    assert house.end_of("ses_a") == "lost"


async def test_time_that_is_over_ends_a_session_without_its_agent(house: House) -> None:
    id = await house.create(max_seconds=100)
    await house.pass_time(100 + OVERTIME - 1)
    assert house.end_of(id) is None
    await house.pass_time(2)
    assert house.end_of(id) == "duration" and house.livekit.rooms == {}
    assert house.types(id).count("session.ended") == 1


async def test_the_room_of_a_session_that_is_over_does_not_stay(house: House) -> None:
    """A gateway died between the two, or somebody came back with an old token."""
    id = await house.create()
    house.sessions.end(id, "ended")
    await house.pass_time(AFTERGLOW - 1)
    assert len(house.livekit.rooms) == 1  # its agent may be saying goodbye
    await house.pass_time(2)
    assert house.livekit.rooms == {}


async def test_rooms_of_others_are_nobodys_business(house: House) -> None:
    id = await house.create()
    house.sessions.end(id, "ended")
    [room] = house.livekit.rooms.values()
    for name in ("room-of-a-page", "session-of-another-store"):
        house.livekit.rooms[name] = room
    await house.pass_time(10_000)
    assert set(house.livekit.rooms) == {"room-of-a-page", "session-of-another-store"}


async def test_a_person_who_came_back_to_a_livekit_that_started_anew_is_not_alone(
    house: House,
) -> None:
    await house.create(instructions="You are Ben.")
    [room] = house.livekit.rooms.values()
    told, room.metadata = room.metadata, ""
    room.participants.clear()
    room.dispatches.clear()
    room.made_at = int(house.now + 300)
    house.livekit.nobody_free = True
    await house.pass_time(301)
    assert room.participants == []
    house.livekit.nobody_free = False
    await house.pass_time(5)
    await house.pass_time(5)
    assert room.metadata == told and len(room.participants) == 1


async def test_livekit_that_is_down_ends_nothing(house: House) -> None:
    id = await house.create()
    house.livekit.down = True
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await house.gateways[0].janitor.look()
        house.now += 100
    house.livekit.down = False
    await house.pass_time(1)
    assert house.end_of(id) is None


async def test_a_surprise_in_one_round_ends_the_gateway(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    janitor, rounds = house.gateways[0].janitor, asyncio.Semaphore(0)

    async def look() -> None:
        rounds.release()
        raise DecodeError("a proxy answered with HTML")

    monkeypatch.setattr("gateway.sessions.janitor.EVERY", 0.001)
    monkeypatch.setattr(janitor, "look", look)
    async with asyncio.timeout(5), janitor.working():
        for _ in range(3):
            await rounds.acquire()


async def test_a_session_that_cannot_be_ended_keeps_the_others_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = house.gateways[0].desk
    bad, good = await house.create(max_seconds=100), await house.create(max_seconds=100)
    end = desk.end

    async def fail_for_one(id: str, reason: EndReason = "ended") -> None:
        if id == bad:
            raise ValueError("what a person wrote")
        await end(id, reason)

    monkeypatch.setattr(desk, "end", fail_for_one)
    house.now += 100 + OVERTIME + 1
    with pytest.raises(ExceptionGroup):
        await house.gateways[0].janitor.look()
    assert (house.end_of(bad), house.end_of(good)) == (None, "duration")


async def test_what_is_old_is_forgotten(house: House) -> None:
    id = await house.create()
    house.sessions.end(id, "ended")
    await house.pass_time(86_000)
    assert house.sessions.find(id) is not None
    Memories(house.store, lambda: house.now).forget("made-up")
    await house.pass_time(1000)
    assert house.sessions.find(id) is None
    await house.pass_time(WISH_KEPT)
    with house.store.connect() as connection:
        assert connection.scalars(select(PEOPLE.c.person)).all() == []


async def test_more_old_sessions_than_one_statement_takes_do_not_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sessions.janitor.FORGOTTEN_AT_ONCE", 2)
    for n in range(5):
        made = StoredSession(f"s{n}", "", f"r{n}", {"participant": {}}, {}, house.now)
        house.sessions.create(made)
        house.sessions.end(made.id, "left")
    house.now += 90_000
    left = []
    for _ in range(3):
        await house.gateways[0].janitor.look()
        left.append(len(house.sessions.page(None, after=None, limit=9, is_open=None)))
    assert left == [3, 1, 0]


async def test_sessions_that_cannot_be_forgotten_keep_nothing_else_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    janitor, looks = house.gateways[0].janitor, list[object]()

    def fail(*_: object) -> int:
        raise TimeoutError("statement timeout")

    async def look(*_: object) -> None:
        looks.append(_)

    Memories(house.store, lambda: house.now).forget("made-up")
    house.now += WISH_KEPT + 1
    monkeypatch.setattr(janitor._sessions, "forget", fail)
    monkeypatch.setattr(janitor._reviver, "look", look)
    with pytest.raises(ExceptionGroup):
        await janitor.look()
    with house.store.connect() as connection:
        assert connection.scalars(select(PEOPLE.c.person)).all() == []
    assert looks, "who lost its agent is left alone"


def at_once(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_gateways_that_create_at_once_do_not_exceed_a_limit(store: Engine) -> None:
    sessions, refused = Sessions(store, lambda: 1.0), list[str | None]()

    def create(n: int) -> None:
        owner = "acme" if n % 2 else "rival"
        try:
            sessions.create(
                StoredSession(f"s{n}", owner, f"r{n}", {}, {}, 1.0), most=7, most_of_owner=4
            )
        except TooManyOpen as error:
            refused.append(error.owner)

    at_once(12, create)
    assert sessions.count_by_state() == {"open": 7} and len(refused) == 5
    of_each = [sessions.page(o, after=None, limit=9, is_open=True) for o in ("acme", "rival")]
    assert max(map(len, of_each)) == 4


def test_one_of_those_who_come_at_once_answers_and_the_others_wait(store: Engine) -> None:
    requests, begun = Requests(store, lambda: 1000.0), list[Any]()
    at_once(6, lambda _: begun.append(requests.begin("acme", "k", "f")))
    assert sum(isinstance(each, Attempt) for each in begun) == 1
    assert begun.count(None) == 5
    requests.finish("acme", "k", Answer(201, "{}"))
    assert requests.begin("acme", "k", "f") == Answer(201, "{}")
    assert isinstance(requests.begin("rival", "k", "f"), Attempt)  # keys are each owner's own
    with pytest.raises(OtherRequest):
        requests.begin("acme", "k", "g")


def test_a_request_whose_gateway_died_is_taken_up_under_the_same_name(store: Engine) -> None:
    now = 1000.0
    requests = Requests(store, lambda: now)
    first = requests.begin("acme", "k", "f")
    now += LEASE + 1
    second = requests.begin("acme", "k", "f")
    assert isinstance(first, Attempt) and isinstance(second, Attempt)
    assert second.nonce == first.nonce
    assert requests.begin("acme", "k", "f") is None
    assert requests.finish("acme", "k", Answer(201, "second")) == Answer(201, "second")
    assert requests.finish("acme", "k", Answer(201, "first")) == Answer(201, "second")
    now += KEPT + 1
    third = requests.begin("acme", "k", "g")
    assert isinstance(third, Attempt) and third.nonce != first.nonce
    assert requests.forget() == 0


def test_a_request_that_was_given_up_begins_anew(store: Engine) -> None:
    requests = Requests(store, lambda: 1000.0)
    first = requests.begin("acme", "k", "f")
    assert isinstance(first, Attempt)
    requests.give_up("acme", "k", first)
    again = requests.begin("acme", "k", "g")
    assert isinstance(again, Attempt) and again.nonce != first.nonce


def test_an_attempt_that_fails_late_does_not_end_the_one_that_took_its_place(
    store: Engine,
) -> None:
    now = 1000.0
    requests = Requests(store, lambda: now)
    first = requests.begin("acme", "k", "f")
    now += LEASE + 1
    second = requests.begin("acme", "k", "f")
    assert isinstance(first, Attempt) and isinstance(second, Attempt)
    requests.give_up("acme", "k", first)
    assert requests.begin("acme", "k", "f") is None, "it is done twice"
    requests.give_up("acme", "k", second)
    assert isinstance(requests.begin("acme", "k", "f"), Attempt)
