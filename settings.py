"""One typed settings object for the applications: environment first, then ``.env``.

Names are LiveKit's and the providers' own. Every variable is in ``.env.example``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import SettingsConfigDict

from settings_brains import BrainSettings
from settings_door import DoorSettings
from visavis.protocol import AGENT_NAME, AVATAR_NAME

DEV_API_KEY = "devkey"
DEV_API_SECRET = "visavis-development-secret-0123456789"
"""The key pair of ``livekit.yaml``: for a server on this machine only."""

DEFAULT_BACKGROUND = "#d9dee6"

SECRET = ("_KEY", "_SECRET", "_TOKEN", "_OPTIONS", "STORE_URL", "REDIS_URL")
"""How settings end whose values are not repeated: each is a key, or may hold one."""


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


def _is_background(value: str) -> str:
    if value.startswith("#") and not re.fullmatch(r"#[0-9a-fA-F]{6}(\.\.#[0-9a-fA-F]{6})?", value):
        raise ValueError("must be #rrggbb, #rrggbb..#rrggbb, a picture's path, or its https:// URL")
    if value == "transparent":
        raise ValueError("a live picture cannot be transparent; `render` can write one that is")
    return value


def _is_rate(value: int) -> int:
    if value not in (30, 20, 15, 10):
        raise ValueError("must be 30, 20, 15 or 10")
    return value


Pixels = Annotated[int, Field(ge=64, le=1920), AfterValidator(_even)]


class Settings(BrainSettings, DoorSettings):
    """Raises :class:`pydantic.ValidationError` for a wrong value; see :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # LiveKit
    livekit_url: str = Field("ws://127.0.0.1:7880", pattern=r"^(ws|wss|http|https)://\S+$")
    livekit_public_url: str | None = Field(None, pattern=r"^(ws|wss)://\S+$")
    """What browsers are told, where it differs from ``livekit_url``."""
    livekit_api_key: str = DEV_API_KEY
    livekit_api_secret: SecretStr = SecretStr(DEV_API_SECRET)

    fetch_private: bool = False
    """URLs that somebody names (a background) may lead to this machine and its network."""
    store_url: str = "sqlite:///data/visavis.sqlite3"
    """Database of what outlives a room: SQLite, or ``postgresql+psycopg://…``."""

    ready_file: Path | None = None
    """A worker makes this file once LiveKit has registered it."""

    # the agent
    agent_name: str = AGENT_NAME
    agent_instructions: str | None = None
    """System prompt; None is the friendly default in ``agent/manner.py``."""
    agent_greeting: str | None = None
    """The first words; None: Amy's, in the language of the conversation."""
    agent_apology: str | None = None
    """The first words of an agent that takes the place of one that was lost, and what it says
    when an answer breaks off; None: Amy's, in the language of the conversation."""
    agent_trouble: str | None = None
    """Said aloud when no language model answers; None: as ``agent_apology``."""
    agent_language: str = Field("en", pattern=r"^[a-z]{2}$")
    """ISO 639-1; those of ``agent/languages.py``."""
    agent_follow_language: bool = True
    """Whether the conversation follows a person who speaks another language."""
    agent_memory: Literal["off", "facts", "history"] = "facts"
    """What is kept of people who want to be remembered: facts their words gave, or their words."""
    agent_context_items: int = Field(200, ge=10)
    """What a language model of a provider is sent of the conversation at most: messages, tool calls
    and their answers."""
    eager_first_clause: bool = True
    """Whether a voice that speaks by sentences may begin an answer with its first clause."""
    agent_vision: Literal["auto", "on", "off"] = "auto"
    """Whether the language model is shown what the person shares; auto: by its name."""
    agent_tools: DirectoryPath | None = None
    """A folder of Python files with the user's own function tools."""
    agent_knowledge: str | None = None
    """Files, folders and URLs, separated by commas; None is Visavis's own README.md and docs/."""
    agent_knowledge_index: Path = Path(".cache/knowledge.sqlite")
    """Where what was read out of them is kept; relative to the checkout."""
    barge_in: Literal["quick", "normal", "off"] = "quick"
    """How soon speech over the agent's voice silences it; off: never. Not for realtime models."""
    debug_audio_capture: Path | None = None
    """A folder for recordings of what people say; None: nothing is recorded."""
    reconnect_grace: float = Field(30.0, ge=0, le=600)
    """Seconds that the agent waits for a person who left without hanging up."""
    face_timeout: float = Field(3.0, ge=0, le=30)
    """Seconds that the first word waits for the face."""

    # the avatar worker
    avatar_name: str = AVATAR_NAME
    avatar_head: str = "amy"
    """A name, or the path of a head file: glTF binary or VRM."""
    avatar_heads: DirectoryPath | None = None
    """A folder of head files that dispatches and changes may name, without the ending."""
    avatar_width: Pixels = 512
    avatar_height: Pixels = 512
    avatar_background: Annotated[str, AfterValidator(_is_background)] = DEFAULT_BACKGROUND
    """``#rrggbb``, ``#rrggbb..#rrggbb``, the path of a picture, or its ``https://`` URL."""
    avatar_backgrounds: Path | None = None
    """A folder of pictures (JPEG, PNG, WebP) that dispatches and changes may name."""
    avatar_renderer: str = "mesh"
    """Ours, or a plug-in's name (``docs/renderers.md``)."""
    avatar_gpu: Literal["auto", "on", "off"] = "auto"
    """Whether ours draws on a graphics card; auto: where there is one."""
    avatar_video: bool = True
    """False: a voice without a picture, where the dispatch asks for nothing else."""
    avatar_video_codec: Literal["vp8", "h264", "vp9"] = "vp8"
    avatar_video_bitrate: int = Field(1_500_000, ge=100_000, le=20_000_000)
    """Bits a second, at most."""
    avatar_video_fps: Annotated[int, AfterValidator(_is_rate)] = 30
    """Pictures a second, at most."""
    avatar_audio_bitrate: int = Field(32_000, ge=6_000, le=510_000)
    """Bits a second of Opus (its own limits, RFC 6716 §2.1.1)."""
    avatar_audio_red: bool = True
    avatar_audio_dtx: bool = False
    avatar_max_rooms: int | None = Field(None, ge=0, le=256)
    """Rooms with a picture that one worker serves at once; None: by its cores."""
    wav2arkit_model: Path | None = None
    """Path of ``wav2arkit_cpu.onnx``; None: what ``download-files`` fetched, or else the embedded
    model; ``embedded``: that one in any case."""

    # the gateway
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for other devices, which need LiveKit's ports as well."""
    port: int = Field(8080, ge=0, le=65535)
    dispatch_timeout: float = Field(3.0, gt=0, le=30)
    """Seconds to wait until an agent has taken the room."""

    @property
    def host_here(self) -> str:
        """Where this machine finds what listens on ``host``."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url_here(self) -> str:
        """The gateway's, for this machine."""
        host = self.host_here
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def load_settings() -> Settings:
    """Read the settings, or end the process (status 2) with a sentence for each wrong value."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            shown = "" if name.endswith(SECRET) else f"={problem['input']!r}"
            given = f"{name}{shown}: " if name else ""
            print(f"visavis: {given}{message}", file=sys.stderr)
        raise SystemExit(2) from None
