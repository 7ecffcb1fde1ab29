"""What follows from the settings alone: keys of providers, and the rules of browsers."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from agent.brains.errors import BrainError
from agent.brains.providers import check_brain, choose_brain, choose_providers
from settings import DEV_API_SECRET, Settings
from visavis.proxies import is_loopback

from ..tokens import is_here
from .finding import Finding, ok, warning, wrong

TLS: Final = "Serve it by HTTPS: `docker compose --profile tls up`, or a proxy of your own."


def check_brains(settings: Settings) -> list[Finding]:
    try:
        check_brain(settings)
    except BrainError as error:
        return [wrong("brains", f"{error}.", "Correct the setting, or unset it.")]
    providers, brain = choose_providers(settings), choose_brain(settings)
    found = []
    if providers.tts == "elevenlabs" and not settings.eleven_api_key:
        found.append(wrong("brains", "ElevenLabs has no key.", "Set ELEVEN_API_KEY."))
    uses_openai = "openai" in (providers.stt, providers.llm, providers.tts, brain.split("-")[0])
    if uses_openai and not (settings.openai_api_key or settings.openai_base_url):
        found.append(wrong("brains", "OpenAI has no key.", "Set OPENAI_API_KEY."))
    if "embedded" in (providers.stt, providers.tts) and settings.agent_language != "en":
        found.append(
            warning(
                "brains",
                f"The embedded ears and voice know English, not {settings.agent_language}.",
                "Set OPENAI_API_KEY or another provider's key, or AGENT_LANGUAGE=en.",
            )
        )
    if not found:
        parts = f"listens {providers.stt}, thinks {providers.llm}, speaks {providers.tts}"
        found.append(ok("brains", f"Brain {brain}: {parts}."))
    return found


def check_browser(settings: Settings) -> list[Finding]:
    """Whether browsers, here and elsewhere, could hold a conversation."""
    public = urlsplit(settings.livekit_public_url or settings.livekit_url)
    secure = public.scheme in ("wss", "https")
    sites = settings.auth_allowed_origins
    elsewhere = not is_loopback(settings.host)
    found = []
    if any(site.startswith("https://") for site in sites) and not secure:
        found.append(
            wrong(
                "browser",
                "Sites by https may not talk to LiveKit by ws: browsers block what is mixed.",
                "Set LIVEKIT_PUBLIC_URL to a wss:// address of LiveKit.",
            )
        )
    if plain := [s for s in sites if s.startswith("http://") and not is_here(urlsplit(s).hostname)]:
        found.append(
            wrong(
                "browser",
                f"Browsers give {plain[0]} no microphone: it is not served by https.",
                "Serve the site by https, and name it so in AUTH_ALLOWED_ORIGINS.",
            )
        )
    if _is_inner(public.hostname):
        found.append(
            wrong(
                "browser",
                f"Browsers are told to find LiveKit at {public.hostname!r}, a name that only this "
                "network knows.",
                "Set LIVEKIT_PUBLIC_URL to an address that browsers can reach.",
            )
        )
    if elsewhere and not secure:
        found.append(
            warning(
                "browser",
                "Other devices get no microphone: browsers give it to https and localhost alone.",
                f"{TLS} Then set LIVEKIT_PUBLIC_URL=wss://…",
            )
        )
    livekit = urlsplit(settings.livekit_url).hostname
    is_far = not is_here(livekit) and not _is_inner(livekit)
    if settings.livekit_api_secret.get_secret_value() == DEV_API_SECRET and (is_far or secure):
        found.append(
            wrong(
                "browser",
                "LiveKit is used over the network with the key pair that everybody knows.",
                "Make a pair of your own: LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
            )
        )
    if settings.auth_enabled and settings.auth_secret_key is None:
        found.append(
            warning(
                "browser",
                "Visitors' tokens end with this gateway's run, and no other gateway takes them.",
                "Set AUTH_SECRET_KEY (`openssl rand -hex 32`).",
            )
        )
    return found or [ok("browser", "Nothing in the settings keeps browsers out.")]


def _is_inner(host: str | None) -> bool:
    """A name without a dot, as containers have."""
    return host is not None and not is_here(host) and "." not in host and ":" not in host
