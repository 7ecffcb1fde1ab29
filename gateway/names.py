"""What people, rooms and things may be called."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

MAX_NAME: Final = 128
"""Characters."""
RESERVED_IDENTITIES: Final = ("agent-", "visavis")
"""Those of agents and avatars: whoever joins with the identity of another throws the other out."""


def is_unicode(text: str) -> str:
    """Half a surrogate pair is in no encoding, and so in no database."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be text in Unicode, without surrogates") from None
    return text


def is_plain(text: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("must not contain control characters")
    return is_unicode(text)


def is_nobody_elses(identity: str) -> str:
    if identity.startswith(RESERVED_IDENTITIES):
        raise ValueError(f"must not start with {' or '.join(RESERVED_IDENTITIES)}")
    return identity


Name = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(is_plain)]
Identity = Annotated[Name, AfterValidator(is_nobody_elses)]
