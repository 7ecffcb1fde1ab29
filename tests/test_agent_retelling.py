"""What is typed in a retelling: said whole and in order, little ahead of what is heard."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from agent.controls.messages import CHUNK
from agent.retelling import MOST, Retelling

LONG = "This is one of the sentences. " * 200


class Session:
    """Plays what it is given to say until it is told that it was heard, or cut off."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._playing: asyncio.Future[None] | None = None
        self._handle = SimpleNamespace()

    def say(self, text: str) -> SimpleNamespace:
        assert self._playing is None or self._playing.done(), "made before the last was heard"
        self.said.append(text)
        playing = self._playing = asyncio.get_running_loop().create_future()

        async def wait_for_playout() -> None:
            await playing

        self._handle = SimpleNamespace(wait_for_playout=wait_for_playout, interrupted=False)
        return self._handle

    async def end(self, *, interrupted: bool = False) -> None:
        self._handle.interrupted = interrupted
        if self._playing is not None:
            self._playing.set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


async def begin(*texts: str) -> tuple[Session, Retelling]:
    session: Any = Session()
    retelling = Retelling(session.say)
    for text in texts:
        retelling.say(text)
    for _ in range(10):
        await asyncio.sleep(0)
    return session, retelling


async def test_a_long_text_is_not_made_far_ahead_of_what_is_heard() -> None:
    session, retelling = await begin(LONG, "The end.")
    while session.said[-1] != "The end.":
        await session.end()
    assert "".join(session.said[:-1]) == LONG.strip() and max(map(len, session.said)) <= CHUNK
    await retelling.aclose()


async def test_the_rest_of_a_text_that_was_cut_off_is_not_said() -> None:
    session, retelling = await begin(LONG, "Another.", "And one more.")
    await session.end()
    await session.end(interrupted=True)
    await session.end()
    assert session.said[2:] == ["Another.", "And one more."]
    await retelling.aclose()


async def test_a_flood_of_texts_is_not_kept_without_bound() -> None:
    session, retelling = await begin(*[str(n) for n in range(MOST + 5)])
    for _ in range(MOST):
        await session.end()
    assert session.said == [str(n) for n in range(MOST)]
    await retelling.aclose()
