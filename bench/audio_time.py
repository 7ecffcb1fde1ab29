"""An event loop whose clock is the audio's: it jumps to the next thing due when nothing is at work.

What is decided in it is decided at the same moment on a busy machine as on an idle one, and as
fast as the machine can compute it.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unittest import mock

T = TypeVar("T")

EPOCH: Final = 1_000_000_000.0
"""What ``time.time()`` says when the audio begins."""


class AudioTimeLoop(asyncio.SelectorEventLoop):
    """``time()`` is in seconds of audio. What runs in an executor takes none of them."""

    def __init__(self) -> None:
        self._now = 0.0
        self._at_work = 0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._at_work += 1
        future.add_done_callback(self._is_done)
        return future

    def _is_done(self, _: object) -> None:
        self._at_work -= 1

    def jump(self, seconds: float) -> bool:
        """False while something is at work, whose outcome may be due before."""
        if not self._at_work:
            self._now += seconds
        return not self._at_work


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: AudioTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if ready := super().select(0):
            return ready
        if self._loop.jump(timeout):
            return []
        return super().select(None)


@contextmanager
def _clock_of(loop: AudioTimeLoop) -> Iterator[None]:
    with mock.patch.object(time, "time", lambda: EPOCH + loop.time()):
        yield


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``main()`` returns, run in audio time; ``time.time()`` of this process follows it.

    Call it in a thread or process that has no event loop, one at a time.
    """
    loops: list[AudioTimeLoop] = []

    def make() -> AudioTimeLoop:
        loops.append(AudioTimeLoop())
        return loops[-1]

    with asyncio.Runner(loop_factory=make) as runner:
        runner.get_loop()
        with _clock_of(loops[-1]):
            return runner.run(main())
