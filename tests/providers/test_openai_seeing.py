"""What is shared reaches an OpenAI-compatible model as a picture, and leaves with the sharing."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from livekit.agents import AgentSession
from PIL import Image

from agent.assistant import Assistant
from agent.brains.choose import choose_llm
from agent.manner import Manner
from agent.seeing import Sight
from tests.providers.server import configure, real_key, serve
from tests.providers.test_openai_chat import Chat
from tests.test_seeing import RED, Room, frame, look, until


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is not stuck."""
    monkeypatch.setattr("agent.seeing.sight.PATIENCE", 60.0)


def images_in(body: Any) -> list[Image.Image]:
    """Of a request to chat completions."""
    found: list[Image.Image] = []
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else ():
            if part["type"] == "image_url":
                head, data = part["image_url"]["url"].split(",", 1)
                assert head == "data:image/jpeg;base64"
                found.append(Image.open(io.BytesIO(base64.b64decode(data))))
    return found


async def test_a_shared_screen_does_not_stay_with_the_model() -> None:
    chat, room = Chat(), Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    async with serve({"/v1/chat/completions": chat.answer}) as url:
        settings = configure(openai_api_key="sk-test", openai_base_url=f"{url}/v1")
        mind, _ = choose_llm(settings, None)
        async with AgentSession(
            llm=mind, vad=None, turn_handling={"turn_detection": "manual"}
        ) as s:
            await s.start(
                Assistant(Manner.of(None, small=False), small=False, sight=sight),
                session_host=False,
            )
            await s.run(user_input="Good morning.")
            camera = room.share()
            camera.frames.put_nowait(frame(RED, 1920, 1080))
            await until(lambda: shared.views[0].frame)
            await s.run(user_input="What do you see?")
            room.mute()
            await s.run(user_input="And now?")
            assert "data:" not in str(s.history.to_dict(exclude_image=False))
    before, during, after = chat.asked
    assert not images_in(before) and not images_in(after)
    [image] = images_in(during)
    assert image.size == (1024, 576)
    pixel = image.convert("RGB").getpixel((500, 300))
    assert isinstance(pixel, tuple) and pixel[0] > 200 and pixel[2] < 50
    assert during["messages"][-1]["content"][-1] == {"type": "text", "text": "What do you see?"}
    assert "shares no picture any more" in str(after["messages"])
    await shared.aclose()
    await mind.aclose()


async def test_real_openai_sees() -> None:
    settings = configure(openai_api_key=real_key("OPENAI_API_KEY"))
    mind, _ = choose_llm(settings, None)
    room = Room()
    sight, shared = Sight(able=True), look(room)
    sight.follow(shared)
    camera = room.share()
    camera.frames.put_nowait(frame(RED, 640, 480))
    await until(lambda: shared.views[0].frame)
    async with AgentSession(llm=mind, vad=None, turn_handling={"turn_detection": "manual"}) as s:
        await s.start(
            Assistant(Manner.of(None, small=False), small=False, sight=sight), session_host=False
        )
        run: Any = await s.run(user_input="Which colour fills the picture? Answer with one word.")
    assert "red" in str([event.item for event in run.events]).lower()
    await shared.aclose()
    await mind.aclose()
