"""Drawing gives way, and nothing else does."""

import os
import sys
import threading

import pytest

from avatar_worker.player.priority import DRAWING_NICE, lower_this_thread


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a nice value on Linux alone")
def test_only_the_thread_that_asks_gives_way() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen: list[int] = []

    def draw() -> None:
        lower_this_thread()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()
    assert seen == [DRAWING_NICE]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
