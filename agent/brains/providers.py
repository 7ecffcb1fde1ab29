"""Which brain a conversation has, and who does which part of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from settings import Settings

from .errors import BrainError

ENTRY_POINTS: Final = "visavis.brains"
"""Group under which a package offers a brain of its own."""
REALTIME: Final = ("openai-realtime", "gemini-live")
"""Models that hear and speak themselves."""
EMBEDDED_VOICE: Final = "hibari heart"
KNOWN: Final = ("pipeline", *REALTIME, "remote", "embedded")


@dataclass(frozen=True)
class Providers:
    """Who does which part: ``embedded``, ``openai``, ``elevenlabs``, a LiveKit plugin's name.

    The language model may also be ``remote`` or ``own:NAME``, an entry point. A realtime model does
    all three.
    """

    stt: str
    llm: str
    tts: str

    @property
    def realtime(self) -> str | None:
        """Which realtime model it is, if any."""
        return self.llm if self.llm in REALTIME else None

    @property
    def own(self) -> str | None:
        """Name of the brain of the user's own, if it thinks."""
        return self.llm.removeprefix("own:") if self.llm.startswith("own:") else None

    @property
    def plugins(self) -> set[str]:
        """LiveKit plugins that must be imported for them."""
        names = {self.stt, self.llm, self.tts} - {"embedded", "remote", *REALTIME}
        if self.realtime == "gemini-live":
            names.add("google")
        return {name for name in names if not name.startswith("own:")}


def choose_brain(settings: Settings) -> str:
    """``BRAIN``, or what the settings speak for: the first that applies of

    1. ``REMOTE_BRAIN_URL``: ``remote``;
    2. a provider named for a part, ``OPENAI_API_KEY`` or ``OPENAI_BASE_URL``: ``pipeline``;
    3. ``GEMINI_API_KEY``: ``gemini-live``;
    4. ``ELEVEN_API_KEY``: ``pipeline``, with the embedded ears and mind;
    5. ``embedded``.
    """
    if settings.brain is not None:
        return settings.brain
    if settings.remote_brain_url:
        return "remote"
    parts = (settings.stt_provider, settings.llm_provider, settings.tts_provider)
    if settings.openai_api_key or settings.openai_base_url or parts != ("auto",) * 3:
        return "pipeline"
    if settings.gemini_api_key:
        return "gemini-live"
    return "pipeline" if settings.eleven_api_key else "embedded"


def choose_providers(settings: Settings) -> Providers:
    """Who does which part. In the pipeline, a part that is not named goes to the provider whose key
    is there, else it is embedded.

    A base URL without more is a language model of one's own, which seldom hears or speaks.
    """
    brain = choose_brain(settings)
    if brain == "embedded":
        return Providers("embedded", "embedded", "embedded")
    if brain in REALTIME:
        return Providers(brain, brain, brain)
    key, base_url = settings.openai_api_key, settings.openai_base_url
    openai_speech = "openai" if key and not base_url else "embedded"
    auto = Providers(
        stt=openai_speech,
        llm="openai" if key or base_url else "embedded",
        tts="elevenlabs" if settings.eleven_api_key else openai_speech,
    )
    mind = auto.llm if settings.llm_provider == "auto" else settings.llm_provider
    if brain == "remote":
        mind = brain
    elif brain != "pipeline":
        mind = f"own:{brain}"
    return Providers(
        stt=auto.stt if settings.stt_provider == "auto" else settings.stt_provider,
        llm=mind,
        tts=auto.tts if settings.tts_provider == "auto" else settings.tts_provider,
    )


def check_brain(settings: Settings) -> None:
    """Raises :class:`BrainError` where ``BRAIN`` or a provider names what is not there."""
    from . import plugins  # all of LiveKit's, which who only chooses does without

    brain = choose_brain(settings)
    if brain not in KNOWN:
        find_own(brain)
    providers = choose_providers(settings)
    if providers.realtime is None:
        plugins.check("STT", providers.stt)
        plugins.check("TTS", providers.tts)
        if providers.llm not in ("remote", f"own:{brain}"):
            plugins.check("LLM", providers.llm)
    for name in providers.plugins:
        if not plugins.is_installed(name):
            plugins.load(name)


def find_own(name: str) -> EntryPoint:
    """The brain that an installed package offers as ``name``; raises :class:`BrainError`."""
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in offered:
        known = ", ".join([*KNOWN, *sorted(offered)])
        raise BrainError(
            f"BRAIN={name!r}: it is one of {known}; a package adds its own with an entry point of "
            f"the group {ENTRY_POINTS!r}"
        )
    return offered[name]
