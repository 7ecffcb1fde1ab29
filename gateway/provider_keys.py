"""What a provider's refusal says of the key."""

from __future__ import annotations

from typing import Final

REFUSAL_BYTES: Final = 8192
"""Of a refusal's body, which may come from anybody's server, no more is read."""
_RESTRICTED: Final = (b"missing_permissions", b"missing scopes")
"""How ElevenLabs and OpenAI answer a key that may not do what was asked, but else is right."""


def is_restricted(body: bytes) -> bool:
    """Whether the provider knows the key that it refused, which may be free to do other things."""
    return any(sign in body.lower() for sign in _RESTRICTED)
