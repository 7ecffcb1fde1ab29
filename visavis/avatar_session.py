"""A face for any LiveKit agent: speak through the avatar worker, or plainly without it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from livekit import api, rtc
from livekit.agents import AgentSession, get_job_context, utils
from livekit.agents.metrics.base import AvatarMetrics, Metadata
from livekit.agents.voice.avatar import AvatarSession as LiveKitAvatarSession
from livekit.agents.voice.io import AudioOutput

from .appearance import Appearance, AppearanceChange, AppearanceError, ask
from .dispatch import FaceDesk
from .face_memory import FaceMemory
from .inbox import Inbox
from .keeper import FaceKeeper
from .outlet import adopt_or_publish
from .plain_voice import PlainVoice
from .protocol import (
    AVATAR_NAME,
    AvatarDispatch,
)
from .session_room import last_output, say_face, until_connected
from .voice_switch import VoiceSwitch

API_TIMEOUT = aiohttp.ClientTimeout(total=5)
"""Of each call to LiveKit's API, which may be restarting."""

APPEARANCE_SEEN: Final = "appearance_seen"
"""Event of an :class:`AvatarSession`, with an :class:`AppearanceChange`: the face looks or feels
otherwise, whoever asked it to, and the next one is asked for the same."""

logger = logging.getLogger("visavis.avatar")


class AvatarSession(LiveKitAvatarSession[str]):
    """Gives a LiveKit agent a face.

    ``start`` returns at once. The first word waits for the face for ``face_timeout`` seconds at
    most; after that the agent speaks plainly into the room, and through the face as soon as one
    comes. When the face dies, the agent's own voice goes on where it was, and a new face takes
    over at the next pause. The agent's attribute ``visavis.face`` says which it is
    (:data:`.protocol.FaceState`).

    Args:
        head: Name of a head that the avatar worker has; None: the worker's default.
        background: ``#rrggbb``; a gradient ``#rrggbb..#rrggbb`` from the top down; the name of a
            picture that the worker has; or the ``https://`` URL of one. None: the worker's default.
        width, height: Pixels, even; None: the worker's default.
        emotion: As :class:`.appearance.AppearanceChange` has it; each face is told as it comes.
        video: False: an avatar that publishes its voice alone; None: the worker's default.
        face_timeout: Seconds.
        avatar_name: Dispatch name of the avatar worker.
    """

    def __init__(
        self,
        *,
        head: str | None = None,
        background: str | None = None,
        width: int | None = None,
        height: int | None = None,
        emotion: str | Mapping[str, Any] | None = None,
        video: bool | None = None,
        face_timeout: float = 3.0,
        avatar_name: str = AVATAR_NAME,
    ) -> None:
        super().__init__()
        self._face_timeout = face_timeout
        self._avatar_name = avatar_name
        self._identity = utils.shortuuid(f"{avatar_name}-")
        look = AvatarDispatch("", self._identity, head, background, width, height, video)
        self._memory = FaceMemory(look, emotion)
        self._arrived = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._keeper: FaceKeeper | None = None
        self._voice = VoiceSwitch()
        self._stage: rtc.Room | None = None

    @property
    def avatar_identity(self) -> str:
        """Of the avatar that is in the room, or was last."""
        return self._identity

    @property
    def provider(self) -> str:
        return "visavis"

    @property
    def position(self) -> float | None:
        """Seconds heard of the segment whose end is reported next, as far as one knows: the face
        says it ten times a second. None: no segment is begun."""
        return self._voice.position

    async def start(
        self,
        agent_session: AgentSession[Any],
        room: rtc.Room,
        *,
        livekit_url: str | None = None,
        livekit_api_key: str | None = None,
        livekit_api_secret: str | None = None,
    ) -> None:
        """Take over the session's voice. Call it before or after ``session.start``.

        In ``console`` mode, where there is no room, it does nothing. Where and with which key to
        ask for the face: the arguments, or LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.

        Raises:
            ValueError: neither says where the LiveKit server is, or with which key.
        """
        job = get_job_context(required=False)
        if job is not None and job.is_fake_job():
            logger.info("no room in console mode: the agent speaks without a face")
            return
        livekit = api.LiveKitAPI(
            livekit_url, livekit_api_key, livekit_api_secret, timeout=API_TIMEOUT
        )
        await super().start(agent_session, room)
        self._stage = room
        tail = last_output(agent_session.output.audio)
        agent_session.output.replace_audio_tail(self._voice)
        self._running = asyncio.create_task(self._run(room, livekit, tail), name="visavis face")

    async def change(self, asked: AppearanceChange) -> Appearance:
        """Have the avatar look or feel otherwise; answers what is in force then.

        The new look is made ready first and takes over between two pictures, while the voice goes
        on. A face that takes this one's place looks and feels the same.

        Raises:
            AppearanceError: there is no face now, or it refuses; nothing has changed then. The text
                says why, and what would be right.
        """
        if self._stage is None or self._identity not in self._stage.remote_participants:
            raise AppearanceError("there is no face in the room now")
        answer = await ask(self._stage, self._identity, asked)
        self._memory.keep(asked)
        return answer

    async def aclose(self) -> None:
        """Remove the face from the room; what is still to be said is not."""
        if self._keeper is not None:
            await self._keeper.dismiss()
        if self._running is not None:
            await utils.aio.cancel_and_wait(self._running)
            self._running = None
        await super().aclose()

    async def _run(self, room: rtc.Room, livekit: api.LiveKitAPI, tail: AudioOutput | None) -> None:
        started = asyncio.get_running_loop().time()
        speech = self._voice.speech
        inbox = Inbox(room)
        room.on("participant_attributes_changed", self._on_attributes)
        try:
            async with livekit, asyncio.TaskGroup() as tasks:
                await until_connected(room)
                inbox.open()
                plain = PlainVoice(
                    speech,
                    lambda: adopt_or_publish(room, tail, standby=self._arrived.is_set()),
                )
                tasks.create_task(plain.run())
                keeper = FaceKeeper(
                    room=room,
                    desk=FaceDesk(livekit, room.name, self._avatar_name),
                    inbox=inbox,
                    speech=speech,
                    plain=plain,
                    look=lambda: self._memory.look,
                    say=lambda state: say_face(room, state),
                    patience=started + self._face_timeout - asyncio.get_running_loop().time(),
                    on_arrival=lambda identity: self._on_arrival(identity, tasks),
                )
                self._keeper = keeper
                tasks.create_task(keeper.run())
        except Exception:
            logger.exception("the agent has lost its voice; start the conversation again")
        finally:
            room.off("participant_attributes_changed", self._on_attributes)
            inbox.close()
            speech.close()

    def _on_arrival(self, identity: str, tasks: asyncio.TaskGroup) -> None:
        self._identity = identity
        self._arrived.set()
        if self._memory.emotion is not None:
            tasks.create_task(self._tell_emotion())

    async def _tell_emotion(self) -> None:
        try:
            await self.change(AppearanceChange(emotion=self._memory.emotion))
        except AppearanceError as error:
            why = "it refuses" if error.refused else error
            logger.warning("the new face does not feel as it should: %s", why)

    def _on_attributes(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        """A person may have changed the looks: the next face shall have them as well."""
        if participant.identity == self._identity:
            seen = self._memory.see(changed)
            if seen != AppearanceChange():
                self.emit(APPEARANCE_SEEN, seen)

    async def _wait_avatar_join(self) -> None:
        """LiveKit's own waits for one identity and for a picture; a face here may have neither."""
        began = time.time()
        await self._arrived.wait()
        now = time.time()
        self._emit_metrics(
            AvatarMetrics(
                timestamp=now,
                session_started_time=began,
                avatar_joined_time=now,
                metadata=Metadata(model_provider=self.provider),
            )
        )
