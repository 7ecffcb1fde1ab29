"""Which rooms a worker takes, and what it says of those that it refuses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents import AgentServer, JobRequest
from livekit.agents.job import JobAcceptArguments
from livekit.protocol import agent, models

from avatar_worker.admission import Admission
from avatar_worker.background import open_backgrounds
from avatar_worker.load import Board, RoomLoad
from avatar_worker.mesh import MeshEngine
from settings import Settings
from visavis.protocol import (
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_EMOTION,
    ATTRIBUTE_FEATURES,
    ATTRIBUTE_HEAD,
    ATTRIBUTE_LIPSYNC,
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    ATTRIBUTE_SIZE,
    AvatarDispatch,
)


@dataclass
class Worker:
    """An admission and the rooms that LiveKit runs for it."""

    admission: Admission
    rooms: dict[str, str] = field(default_factory=dict)
    """Metadata by job."""
    draining: bool = False

    @property
    def server(self) -> AgentServer:
        def info(job_id: str, metadata: str) -> Any:
            return SimpleNamespace(job=SimpleNamespace(id=job_id, metadata=metadata))

        jobs = [info(*room) for room in self.rooms.items()]
        return cast(AgentServer, SimpleNamespace(active_jobs=jobs, draining=self.draining))

    async def ask(self, metadata: str) -> JobAcceptArguments | None:
        """The answer to one more dispatch; None where it is refused."""
        job_id = f"AJ_{len(self.rooms)}"
        accepted: list[JobAcceptArguments] = []

        async def on_accept(arguments: JobAcceptArguments) -> None:
            accepted.append(arguments)
            self.rooms[job_id] = metadata

        async def on_reject(_terminate: bool) -> None:
            assert not accepted

        job = agent.Job(id=job_id, metadata=metadata, room=models.Room(name="room"))
        await self.admission.answer(
            JobRequest(job=job, on_accept=on_accept, on_reject=on_reject), self.server
        )
        return accepted[0] if accepted else None

    def note(self, **changes: Any) -> None:
        """What the last room's process measured."""
        values = {"frame_seconds": 0.01, "is_full_quality": True, "cores": 0.1} | changes
        Board(self.admission.folder).write(list(self.rooms)[-1], RoomLoad(time.time(), **values))


def worker(**settings: Any) -> Worker:
    made = Settings(_env_file=None, **settings)
    return Worker(Admission(made, "visavis-lips", MeshEngine(), open_backgrounds(made)))


def dispatch(**choices: Any) -> str:
    return AvatarDispatch("agent", "avatar", **choices).to_json()


async def test_a_room_is_taken_in_the_identity_and_on_behalf_of_its_agent() -> None:
    answer = await worker().ask(dispatch(head="maya"))
    assert answer is not None and answer.identity == "avatar"
    assert answer.attributes == {
        ATTRIBUTE_PUBLISH_ON_BEHALF: "agent",
        ATTRIBUTE_FEATURES: "pause alive weights appearance spoken opus",
        ATTRIBUTE_LIPSYNC: "visavis-lips",
        ATTRIBUTE_HEAD: "maya",
        ATTRIBUTE_BACKGROUND: "#d9dee6",
        ATTRIBUTE_SIZE: "512x512",
        ATTRIBUTE_EMOTION: "neutral",
    }


async def test_a_voice_without_a_picture_hides_no_head_from_those_who_draw() -> None:
    for metadata, settings in ((dispatch(video=False), {}), (dispatch(), {"avatar_video": False})):
        answer = await worker(**settings).ask(metadata)
        assert answer is not None and answer.attributes is not None
        assert answer.attributes[ATTRIBUTE_HEAD] == "amy"


async def test_where_a_head_lies_is_not_told_to_everybody() -> None:
    answer = await worker(avatar_head="/srv/secret/amy.glb").ask(dispatch())
    assert answer is not None and answer.attributes is not None
    assert answer.attributes[ATTRIBUTE_HEAD] == "amy.glb"


@pytest.mark.parametrize("metadata", ["", "[]", dispatch(head="../../etc/passwd.glb")])
async def test_a_malformed_dispatch_is_refused(
    metadata: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await worker().ask(metadata) is None
    assert "refusing a dispatch" in caplog.text


async def test_the_room_too_many_is_refused_with_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rooms = worker(avatar_max_rooms=2)
    assert await rooms.ask(dispatch()) and await rooms.ask(dispatch())
    assert await rooms.ask(dispatch()) is None
    assert "refusing a room" in caplog.text and "100% of the rooms" in caplog.text
    assert rooms.admission.fullness(rooms.server) >= 1  # and the gateways know


async def test_a_room_is_refused_while_another_had_to_lower_its_quality() -> None:
    rooms = worker()
    assert await rooms.ask(dispatch())
    rooms.note(is_full_quality=False)
    assert await rooms.ask(dispatch()) is None
    rooms.note()
    assert await rooms.ask(dispatch())


async def test_a_room_of_fewer_pictures_a_second_does_not_keep_others_out() -> None:
    for rate, fits in ((30, False), (20, True)):
        rooms = worker(avatar_video_fps=rate, avatar_max_rooms=9)
        rooms.admission._cores = 8
        assert await rooms.ask(dispatch())
        rooms.note(frame_seconds=0.045)
        assert bool(await rooms.ask(dispatch())) is fits


async def test_rooms_that_come_at_the_same_time_cannot_both_take_the_last_place() -> None:
    rooms = worker(avatar_max_rooms=1)
    second: list[JobAcceptArguments | None] = []

    async def on_accept(_: JobAcceptArguments) -> None:
        second.append(await rooms.ask(dispatch()))  # while the first is not running yet

    async def on_reject(_: bool) -> None:
        raise AssertionError("the first was refused")

    job = agent.Job(id="AJ_first", metadata=dispatch())
    request = JobRequest(job=job, on_accept=on_accept, on_reject=on_reject)
    await rooms.admission.answer(request, rooms.server)
    assert second == [None]


async def test_an_accepted_room_that_never_came_gives_its_place_back() -> None:
    rooms = worker(avatar_max_rooms=1)

    async def on_accept(_: JobAcceptArguments) -> None:
        raise TimeoutError("no assignment")

    async def on_reject(_: bool) -> None: ...

    job = agent.Job(id="AJ_lost", metadata=dispatch())
    with pytest.raises(TimeoutError):
        await rooms.admission.answer(
            JobRequest(job=job, on_accept=on_accept, on_reject=on_reject), rooms.server
        )
    assert await rooms.ask(dispatch())


async def test_voices_without_a_picture_take_less_of_a_worker() -> None:
    rooms = worker(avatar_max_rooms=1)
    for _ in range(4):
        assert await rooms.ask(dispatch(video=False))
    assert await rooms.ask(dispatch(video=False)) is None


async def test_a_room_that_died_leaves_no_note() -> None:
    rooms = worker()
    await rooms.ask(dispatch())
    rooms.note()
    rooms.rooms.clear()
    assert rooms.admission.measure(rooms.server) == 0
    assert not list(rooms.admission.folder.iterdir())


async def test_rooms_are_told_when_the_worker_drains() -> None:
    rooms = worker()
    rooms.admission.measure(rooms.server)
    assert not Board(rooms.admission.folder).is_draining
    rooms.draining = True
    rooms.admission.measure(rooms.server)
    assert Board(rooms.admission.folder).is_draining
