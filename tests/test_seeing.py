"""What is shared is seen while it is shared, and no longer; what cannot be seen is not made up."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, MagicMock

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import llm
from PIL import Image

from agent.assistant import recent
from agent.brains.providers import Providers
from agent.brains.remote_link import RemoteLink
from agent.brains.remote_llm import RemoteLLM
from agent.brains.speech import Models
from agent.brains.steady_llm import SteadyLLM
from agent.controls import Control, Parts
from agent.knowledge.choose import Library
from agent.knowledge.session import SessionKnowledge
from agent.languages import LANGUAGES
from agent.manner import Manner
from agent.seeing import Sight, open_eyes
from agent.seeing.desk import FileDesk
from agent.seeing.models import can_see, is_seeing
from agent.seeing.pictures import (
    SIDE,
    Picture,
    PictureError,
    is_picture,
    shrink_frame,
    shrink_picture,
    to_frame,
)
from agent.seeing.shared import Shared
from agent.seeing.sight import CANNOT, MOST
from settings import Settings
from visavis.protocol import ATTRIBUTE_SEES, FILE_LIMIT, FILE_QUESTION, TOPIC_FILE
from visavis.talk import Mode, TalkChange

RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is not stuck."""
    monkeypatch.setattr("agent.seeing.sight.PATIENCE", 60.0)


def frame(color: tuple[int, int, int], width: int = 64, height: int = 48) -> rtc.VideoFrame:
    pixels = np.full((height, width, 4), (*color, 255), np.uint8)
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, pixels.tobytes())


class Camera:
    """A track, and the stream of its frames."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[rtc.VideoFrame] = asyncio.Queue()
        self.is_open = False
        self.rotation = rtc.VideoRotation.VIDEO_ROTATION_0

    async def __aiter__(self) -> AsyncIterator[Any]:
        self.is_open = True
        while True:
            yield SimpleNamespace(frame=await self.frames.get(), rotation=self.rotation)

    async def aclose(self) -> None:
        self.is_open = False


class Room(rtc.EventEmitter[str]):
    """One person in it, who shares what a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.publications: dict[str, Any] = {}
        self.remote_participants = {
            "zoe": SimpleNamespace(identity="zoe", track_publications=self.publications)
        }
        self.attributes: dict[str, str] = {}
        self.texts: list[tuple[str, str, list[str]]] = []
        self.handlers: dict[str, Callable[[Any, str], None]] = {}
        self.local_participant = SimpleNamespace(
            set_attributes=self._set_attributes, send_text=self._send_text
        )

    def share(self, sid: str = "TR_1", source: int = rtc.TrackSource.SOURCE_CAMERA) -> Camera:
        camera = Camera()
        self.publications[sid] = SimpleNamespace(sid=sid, source=source, muted=False, track=camera)
        self.emit("track_subscribed", camera, self.publications[sid], None)
        return camera

    def mute(self, sid: str = "TR_1", muted: bool = True) -> None:
        self.publications[sid].muted = muted
        self.emit("track_muted" if muted else "track_unmuted", None, self.publications[sid])

    def unpublish(self, sid: str = "TR_1") -> None:
        self.emit("track_unpublished", self.publications.pop(sid), None)

    async def _set_attributes(self, attributes: dict[str, str]) -> None:
        self.attributes |= attributes

    async def _send_text(self, text: str, *, topic: str, destination_identities: list[str]) -> None:
        self.texts.append((topic, text, destination_identities))

    def register_byte_stream_handler(self, topic: str, handler: Callable[[Any, str], None]) -> None:
        self.handlers[topic] = handler

    def unregister_byte_stream_handler(self, topic: str) -> None:
        del self.handlers[topic]


def look(room: Room, *, sees: bool = True) -> Shared:
    return Shared(cast(rtc.Room, room), lambda: "zoe", sees=sees, stream=cast(Any, lambda c: c))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)


async def show(shared: Shared, camera: Camera, color: tuple[int, int, int]) -> None:
    shown = frame(color)
    camera.frames.put_nowait(shown)
    await until(lambda: any(view.frame is shown for view in shared.views))


def talk(*said: str) -> llm.ChatContext:
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="You are Amy.")
    for i, text in enumerate(said):
        chat_ctx.add_message(role="assistant" if i % 2 else "user", content=text)
    return chat_ctx


def pictures(chat_ctx: llm.ChatContext) -> list[tuple[str, tuple[int, ...]]]:
    """Whose words each came with, and its colour, rounded."""
    found = []
    for item in chat_ctx.items:
        for part in item.content if isinstance(item, llm.ChatMessage) else ():
            if isinstance(part, llm.ImageContent):
                assert isinstance(part.image, str)
                data = base64.b64decode(part.image.removeprefix("data:image/jpeg;base64,"))
                pixel = Image.open(io.BytesIO(data)).convert("RGB").getpixel((5, 5))
                assert isinstance(pixel, tuple)
                text = cast(llm.ChatMessage, item).text_content or ""
                found.append((text, tuple(round(value / 55) * 55 for value in pixel)))
    return found


def note(chat_ctx: llm.ChatContext) -> str:
    """The instructions right before the person's last words."""
    before = chat_ctx.items[-2]
    return (before.text_content or "") if isinstance(before, llm.ChatMessage) else ""


SEEN_RED, SEEN_BLUE = (220, 0, 0), (0, 0, 220)


async def test_what_is_shared_is_not_unseen() -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    await show(shared, camera, BLUE)
    await show(shared, camera, RED)
    asked = talk("What do I hold?")
    told = await sight.tell(asked)
    assert pictures(told) == [("What do I hold?", SEEN_RED)], "the newest frame"
    assert "their camera" in note(told)
    assert not pictures(asked), "the conversation's history stays text"
    await shared.aclose()


@pytest.mark.parametrize("end", [Room.mute, Room.unpublish])
async def test_what_is_no_longer_shared_is_not_kept(end: Callable[[Room], None]) -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    await show(shared, camera, RED)
    chat_ctx = talk("What do I hold?")
    await sight.tell(chat_ctx)
    end(room)
    assert not any(sight._seen.values()), "at once, not only with the next answer"
    await until(lambda: not camera.is_open)
    chat_ctx.add_message(role="user", content="And now?")
    told = await sight.tell(chat_ctx)
    assert not pictures(told)
    assert "shares no picture any more" in note(told)
    await shared.aclose()


async def test_what_is_shared_again_is_not_the_old_picture() -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    await show(shared, camera, RED)
    room.mute()
    room.mute(muted=False)
    assert [view.frame for view in shared.views] == [None]
    assert not pictures(await sight.tell(talk("What do I hold?")))
    await show(shared, camera, BLUE)
    assert pictures(await sight.tell(talk("Now?"))) == [("Now?", SEEN_BLUE)]
    await shared.aclose()


async def test_screen_and_camera_are_not_mixed_up() -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    screen = room.share("TR_2", rtc.TrackSource.SOURCE_SCREENSHARE)
    room.share("TR_3", rtc.TrackSource.SOURCE_MICROPHONE)
    await show(shared, camera, RED)
    await show(shared, screen, BLUE)
    told = await sight.tell(talk("Look."))
    assert pictures(told) == [("Look.", SEEN_BLUE), ("Look.", SEEN_RED)]
    assert "their screen, their camera" in note(told)
    room.unpublish("TR_2")
    assert pictures(await sight.tell(talk("Look."))) == [("Look.", SEEN_RED)]
    await shared.aclose()


async def test_others_are_not_looked_at() -> None:
    room = Room()
    camera = room.share()
    shared = Shared(cast(rtc.Room, room), lambda: "ben", sees=True, stream=cast(Any, lambda c: c))
    assert not shared.views and not shared.sources and not camera.is_open
    await shared.aclose()


async def test_old_pictures_do_not_pile_up() -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    chat_ctx = talk()
    for i in range(6):
        await show(shared, camera, BLUE)
        chat_ctx.add_message(role="user", content=f"Look {i}.")
        told = await sight.tell(chat_ctx)
    assert [text for text, _ in pictures(told)] == ["Look 3.", "Look 4.", "Look 5."]
    assert sum(map(len, sight._seen.values())) == MOST
    await shared.aclose()


async def test_a_tools_result_is_not_a_new_look() -> None:
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    await show(shared, camera, RED)
    chat_ctx = talk("What time is it?")
    await sight.tell(chat_ctx)
    await show(shared, camera, BLUE)
    chat_ctx.items.append(
        llm.FunctionCallOutput(call_id="1", name="x", output="noon", is_error=False)
    )
    assert pictures(await sight.tell(chat_ctx)) == [("What time is it?", SEEN_RED)]
    await shared.aclose()


async def test_an_answer_begun_too_soon_does_not_swallow_a_picture_that_was_sent() -> None:
    sight = Sight(able=True)
    await sight.take(shrink_frame(frame(RED)))
    assert len(pictures(await sight.tell(talk("What is")))) == 1
    told = await sight.tell(talk("What is this?"))
    assert pictures(told) == [("What is this?", SEEN_RED)]
    assert "a picture that they sent" in note(told)


async def test_a_picture_sent_long_ago_does_not_come_back_as_new() -> None:
    sight = Sight(able=True)
    await sight.take(shrink_frame(frame(RED)))
    chat_ctx = talk()
    for i in range(9):
        chat_ctx.add_message(role="user", content=f"Question {i}?")
        told = await sight.tell(recent(chat_ctx, 10), chat_ctx)
        assert {text for text, _ in pictures(told)} <= {"Question 0?"}
        chat_ctx.add_message(role="assistant", content=f"Answer {i}.")
    assert not pictures(told) and "shares no picture any more" in note(told)


async def test_an_answer_thrown_away_during_the_look_does_not_lose_a_picture_that_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sight, looking = Sight(able=True), asyncio.Event()

    async def look_for_ever() -> list[Picture]:
        looking.set()
        await asyncio.Event().wait()
        return []

    await sight.take(shrink_frame(frame(RED)))
    with monkeypatch.context() as patch:
        patch.setattr(sight, "_look", look_for_ever)
        too_soon = asyncio.create_task(sight.tell(talk("What is")))
        await looking.wait()
        too_soon.cancel()
        await asyncio.gather(too_soon, return_exceptions=True)
    told = await sight.tell(talk("What is this?"))
    assert pictures(told) == [("What is this?", SEEN_RED)]


async def test_a_look_that_ends_late_does_not_bring_a_picture_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sight, looking, over = Sight(able=True), asyncio.Event(), asyncio.Event()

    async def look_slowly() -> list[Picture]:
        looking.set()
        await over.wait()
        return []

    await sight.take(shrink_frame(frame(RED)))
    with monkeypatch.context() as patch:
        patch.setattr(sight, "_look", look_slowly)
        too_soon = asyncio.create_task(sight.tell(talk("What is")))
        await looking.wait()
    chat_ctx = talk("What is this?")
    assert len(pictures(await sight.tell(chat_ctx))) == 1
    over.set()
    await too_soon
    chat_ctx.add_message(role="user", content="Thanks.")
    assert pictures(await sight.tell(chat_ctx)) == [("What is this?", SEEN_RED)]


async def test_a_model_that_cannot_see_is_not_given_anything() -> None:
    room = Room()
    sight, shared = Sight(able=False), look(room, sees=False)
    sight.follow(shared)
    assert len((await sight.tell(talk("What do you see?"))).items) == 2
    camera = room.share()
    told = await sight.tell(talk("What do you see?"))
    assert not pictures(told) and "you cannot see pictures" in note(told)
    assert not camera.is_open
    await shared.aclose()


@pytest.mark.parametrize(
    "question", ["Can you see me?", "What do you see?", "Look at this.", "Do you like my screen?"]
)
def test_the_embedded_model_does_not_make_up_what_it_sees(question: str) -> None:
    assert Sight(able=False).refuse(talk(question)) == CANNOT
    assert Sight(able=True).refuse(talk(question)) is None


@pytest.mark.parametrize("question", ["Hello!", "I see.", "See you tomorrow.", "What is a camera?"])
def test_small_talk_is_not_taken_for_a_question_about_pictures(question: str) -> None:
    assert Sight(able=False).refuse(talk(question)) is None


@pytest.mark.parametrize("small", [True, False])
async def test_who_cannot_see_does_not_keep_it_a_secret(small: bool) -> None:
    room, said = Room(), list[str]()
    session: Any = SimpleNamespace(
        room_io=SimpleNamespace(linked_participant=room.remote_participants["zoe"]),
        llm=None,
        say=said.append,
        generate_reply=lambda instructions: said.append(instructions),
    )
    knowledge = SessionKnowledge(Library(None, None))
    eyes = await open_eyes(
        cast(rtc.Room, room),
        session,
        Manner.of(None, small=small),
        Sight(able=False),
        knowledge,
        MagicMock(),
        small=small,
    )
    assert room.attributes[ATTRIBUTE_SEES] == "false" and not said
    room.share()
    room.mute()
    room.mute(muted=False)
    assert len(said) == 1 and "see pictures" in said[0]
    await eyes.aclose()
    assert not room.handlers


async def test_a_brain_that_is_given_words_alone_is_not_asked_about_a_camera() -> None:
    room, said = Room(), list[str]()
    room.share()
    link = RemoteLink("ws://127.0.0.1:1", None)
    session: Any = SimpleNamespace(
        room_io=SimpleNamespace(linked_participant=room.remote_participants["zoe"]),
        llm=SteadyLLM([RemoteLLM(link, "remote")], trouble="", apology=""),
        say=said.append,
    )
    manner = Manner.of(None, small=False)
    manner.language = "de"
    knowledge = SessionKnowledge(Library(None, None))
    eyes = await open_eyes(
        cast(rtc.Room, room),
        session,
        manner,
        Sight(able=False),
        knowledge,
        MagicMock(),
        small=False,
    )
    assert said == [LANGUAGES["de"].blind]
    await eyes.aclose()


@pytest.mark.parametrize("after", ["dialogue", "retelling"])
async def test_a_realtime_model_that_retells_is_not_shown_what_is_sent(after: Mode) -> None:
    room, shown, sight = Room(), list[rtc.VideoFrame](), Sight(able=True)
    manner = Manner.of(None, small=False)
    live = SimpleNamespace(push_video=shown.append)
    session: Any = SimpleNamespace(
        room_io=SimpleNamespace(linked_participant=None),
        llm=MagicMock(spec=llm.RealtimeModel),
        current_agent=SimpleNamespace(realtime_llm_session=live),
        input=SimpleNamespace(video=None, set_audio_enabled=lambda _: None),
        options=SimpleNamespace(preemptive_generation={}),
    )
    parts = Parts(Settings(_env_file=None), Providers(*["gemini-live"] * 3))
    control = Control(session, manner, parts, Models(MagicMock(), None, None), AsyncMock())
    knowledge = SessionKnowledge(Library(None, None))
    eyes = await open_eyes(
        cast(rtc.Room, room), session, manner, sight, knowledge, MagicMock(), small=False
    )
    await sight.take(shrink_frame(frame(RED)))
    assert len(shown) == 1
    await control.change(TalkChange(mode="retelling"))
    for _ in range(MOST + 1):
        await sight.take(shrink_frame(frame(BLUE)))
    assert len(shown) == 1
    await control.change(TalkChange(mode=after))
    assert len(shown) == 1 + (MOST if after == "dialogue" else 0)
    await control.change(TalkChange(mode="dialogue"))
    assert len(shown) == 1 + MOST, "none twice"
    await eyes.aclose()


def test_large_frames_are_not_sent_as_they_are() -> None:
    data = shrink_frame(frame(RED, 1920, 1080))
    picture = Image.open(io.BytesIO(data))
    assert (picture.size, picture.format) == ((SIDE, 576), "JPEG")
    assert Image.open(io.BytesIO(shrink_frame(frame(RED)))).size == (64, 48), "none is enlarged"
    back = to_frame(data)
    assert (back.width, back.height) == picture.size


def test_a_phones_picture_is_not_seen_lying() -> None:
    lying = np.zeros((40, 80, 4), np.uint8)
    lying[:, :40] = (*RED, 255)  # what is on the left is above, once turned by a quarter
    lying[:, 40:] = (*BLUE, 255)
    given = rtc.VideoFrame(80, 40, rtc.VideoBufferType.RGBA, lying.tobytes())
    turned = shrink_frame(given, rtc.VideoRotation.VIDEO_ROTATION_90)
    picture = Image.open(io.BytesIO(turned)).convert("RGB")
    assert picture.size == (40, 80)
    above, below = picture.getpixel((20, 10)), picture.getpixel((20, 70))
    assert isinstance(above, tuple) and isinstance(below, tuple)
    assert above[0] > 200 > below[0] and below[2] > 200 > above[2]


def file_of(kind: str, size: tuple[int, int] = (3000, 1500), **more: Any) -> bytes:
    kept = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size).save(kept, kind, **more)
    return kept.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_was_sent_is_not_kept_as_it_came(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "my secret garden"
    data = file_of(kind, exif=exif)
    assert is_picture(data)
    small = shrink_picture("a", data)
    picture = Image.open(io.BytesIO(small))
    assert picture.size == (SIDE // 2, SIDE) and b"secret" not in small and not picture.getexif()
    if kind == "PNG":
        assert picture.getpixel((9, 9)) == (255, 255, 255), "transparent is not black"


def test_a_grey_picture_of_16_bits_does_not_turn_white() -> None:
    ramp = np.tile(np.linspace(0, 65_535, 1000).astype(np.uint16), (10, 1))
    kept = io.BytesIO()
    Image.fromarray(ramp).save(kept, "PNG")
    small = np.asarray(Image.open(io.BytesIO(shrink_picture("a", kept.getvalue()))).convert("L"))
    assert np.abs(small[5].astype(int) - ramp[0] // 257).max() < 5


@pytest.mark.parametrize("mode", ["1", "P"])
def test_thin_lines_of_few_colours_do_not_vanish(mode: str) -> None:
    page = np.full((2000, 2000), 255, np.uint8)
    page[::16] = 0
    kept = io.BytesIO()
    Image.fromarray(page).convert(mode).save(kept, "PNG")
    small = np.asarray(Image.open(io.BytesIO(shrink_picture("a", kept.getvalue()))).convert("L"))
    rows = small.mean(axis=1)
    assert all(rows[at : at + 9].min() < 200 for at in range(len(rows) - 9)), "one in 8.2 rows"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\nnonsense", "not a sound PNG"),
        (file_of("JPEG")[:700], "not a sound PNG"),
        (file_of("PNG", (10_000, 6_000)), "10000 by 6000 pixels, 50 million at most"),
        (b"GIF89a", "not a sound PNG"),
    ],
)
def test_a_bad_picture_is_not_looked_at(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        shrink_picture("a.png", data)


@pytest.mark.parametrize(
    ("model", "sees"),
    [
        ("gpt-4.1-mini", True), ("gpt-4o", True), ("openai/gpt-4o-mini", True), ("gpt-5", True),
        ("o3", True), ("o4-mini", True), ("gemini-2.5-flash", True), ("gpt-4-turbo", True),
        ("gpt-realtime", True), ("gpt-4", False), ("gpt-3.5-turbo", False), ("o3-mini", False),
        ("o1-preview", False), ("gpt-4o-audio-preview", False), ("gpt-4o-search-preview", False),
        ("llama3.1", False), ("gpt-4o-realtime-preview", False), ("gemini-1.0-pro", False),
    ],
)  # fmt: skip
def test_a_models_eyes_are_not_mistaken(model: str, sees: bool) -> None:
    assert is_seeing(model) is sees


@pytest.mark.parametrize(
    ("mind", "vision", "models", "sees"),
    [
        ("openai", "auto", ["gpt-4.1-mini"], True),
        ("openai", "auto", ["gpt-4.1-mini", "gpt-3.5-turbo"], False),
        ("openai", "on", ["llava"], True),
        ("openai", "off", ["gpt-4.1-mini"], False),
        ("gemini-live", "auto", ["gemini-2.5-flash-native-audio-preview-12-2025"], True),
        ("gemini-live", "off", ["gemini-2.5-flash-native-audio-preview-12-2025"], False),
        ("embedded", "on", ["smollm2-135m"], False),
        ("remote", "on", ["remote"], False),
    ],
)
def test_a_conversations_eyes_are_not_mistaken(
    mind: str, vision: Any, models: list[str], sees: bool
) -> None:
    settings = Settings(_env_file=None, agent_vision=vision)
    assert can_see(settings, Providers("embedded", mind, "embedded"), models) is sees


class Hall:
    """A :class:`FileDesk`, and what it was asked and said."""

    def __init__(self, *, able: bool = True) -> None:
        self.room, self.asked = Room(), list[str]()
        self.sight = Sight(able=able)
        self.knowledge = SessionKnowledge(Library(None, None))
        self.desk = FileDesk(
            cast(rtc.Room, self.room), self.sight, self.knowledge, self.asked.append
        )

    async def send(self, name: str, data: bytes, question: str = "") -> dict[str, Any]:
        """The answer to the sender."""
        before = len(self.room.texts)
        self.room.handlers[TOPIC_FILE](Reader(name, data, question), "zoe")
        await until(lambda: len(self.room.texts) > before)
        topic, text, to = self.room.texts[-1]
        assert (topic, to) == (TOPIC_FILE, ["zoe"])
        return cast(dict[str, Any], json.loads(text))


class Reader:
    def __init__(self, name: str, data: bytes, question: str) -> None:
        attributes = {FILE_QUESTION: question} if question else {}
        self.info = SimpleNamespace(name=name, stream_id="S1", attributes=attributes)
        self._data = data
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for i in range(0, len(self._data), 15_000):
            yield self._data[i : i + 15_000]

    def close(self) -> None:
        self.closed = True


async def test_a_picture_that_was_sent_is_not_unanswered() -> None:
    hall = Hall()
    news = await hall.send("../cat.png", file_of("PNG"), "What is this?")
    assert news == {"id": "S1", "name": "cat.png", "kind": "picture", "error": None}
    await until(lambda: hall.asked)
    assert hall.asked == ["What is this?"]
    assert len(pictures(await hall.sight.tell(talk("What is this?")))) == 1


async def test_a_document_that_was_sent_is_not_forgotten() -> None:
    hall = Hall()
    text = "# Pets\n\nOur parrot Jacob speaks four languages.\n"
    news = await hall.send("pets.md", text.encode())
    assert (news["kind"], news["error"]) == ("document", None)
    assert "four" in (await hall.knowledge.search("Which languages speaks the parrot?"))[0].text
    await hall.desk.aclose()
    await hall.knowledge.aclose()


@pytest.mark.parametrize(
    ("name", "data", "able", "kind", "said"),
    [
        ("cat.png", file_of("PNG"), False, "picture", "knows only words"),
        ("cat.png", b"\x89PNG\r\n\x1a\nx", True, "picture", "not a sound PNG"),
        ("big.txt", b"x" * (FILE_LIMIT + 1), True, None, "more than 10 MB"),
        ("virus.exe", bytes(range(256)) * 9, True, "document", "none of the formats"),
        ("empty.txt", b"", True, "document", "is empty"),
    ],
)
async def test_what_cannot_be_used_is_not_taken_in_silence(
    name: str, data: bytes, able: bool, kind: str | None, said: str
) -> None:
    hall = Hall(able=able)
    news = await hall.send(name, data, "What is this?")
    assert news["kind"] == kind and said in news["error"] and name in news["error"]
    assert not hall.asked and not hall.sight._sent
    await hall.knowledge.aclose()
