"""What admits a person to a session's room, and to nothing besides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from livekit.api import AccessToken, VideoGrants

from settings import Settings
from store import StoredSession
from visavis.protocol import ATTRIBUTE_CONTROL, ATTRIBUTE_PERSON

LIFETIME: Final = timedelta(seconds=120)
"""How long a token admits; whoever is in stays in, and a new one is to be had."""
EMPTY_TIMEOUT: Final = 150
"""Seconds that a session's room waits for its person: longer than the first token admits."""


def make_session_token(session: StoredSession, settings: Settings) -> str:
    """It opens no room that is closed with an agent in it, as the page's does: a session that is
    over stays over."""
    person: dict[str, Any] = session.spec["participant"]
    attributes = {}
    if person["control"]:
        attributes[ATTRIBUTE_CONTROL] = "true"
    if person["person"]:
        attributes[ATTRIBUTE_PERSON] = person["person"]
    grants = VideoGrants(
        room_join=True,
        room=session.room,
        can_publish=True,
        # What the agent hears and looks at.
        can_publish_sources=["microphone", "camera", "screen_share"],
        can_subscribe=True,
        can_publish_data=True,
        can_update_own_metadata=False,  # attributes say who may do what
    )
    return (
        AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
        .with_identity(person["identity"])
        .with_name(person["name"])
        .with_attributes(attributes)
        .with_grants(grants)
        .with_ttl(LIFETIME)
        .to_jwt()
    )
