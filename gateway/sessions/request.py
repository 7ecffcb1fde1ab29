"""What may be asked of a session: to create one, to change one, to say and to ask."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.names import Identity, Name, is_plain, is_unicode
from gateway.people import check_person
from visavis.appearance import AppearanceChange
from visavis.protocol import MESSAGE_LIMIT
from visavis.talk import LONGEST_INSTRUCTIONS, Mode, TalkChange

MAX_METADATA: Final = 4096
"""Bytes of a session's own metadata, as JSON."""
MAX_GREETING: Final = 2000
"""Characters."""
MAX_SOURCES: Final = 16
MAX_URL: Final = 1000
"""Characters."""
_WORDS: Final = ("voice", "speed", "language", "instructions", "mode")
_LOOKS: Final = ("head", "background", "width", "height", "emotion", "expression", "gesture")


def _is_a_persons(secret: str) -> str:
    check_person(secret)
    return secret


def _is_side(pixels: int) -> int:
    if pixels % 2 or not 64 <= pixels <= 1920:
        raise ValueError("must be an even number of pixels from 64 to 1920")
    return pixels


def _is_small(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):
        raise ValueError("must be JSON") from None
    if size > MAX_METADATA:
        raise ValueError(f"must be at most {MAX_METADATA} bytes of JSON")
    return metadata


Side = Annotated[int, AfterValidator(_is_side)]
Line = Annotated[str, Field(max_length=100), AfterValidator(is_plain)]
Url = Annotated[str, Field(max_length=MAX_URL), AfterValidator(is_plain)]
Metadata = Annotated[dict[str, Any], AfterValidator(_is_small)]
Feeling = Line | dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Participant(_Strict):
    """The person whom the token admits."""

    identity: Annotated[Identity, Field(min_length=1)] | None = Field(
        None, description="In the room; made up where it is not given."
    )
    name: Name = Field("", description="For others to read.")
    control: bool = Field(
        False, description="Whether they may change the session's settings from within the room."
    )
    person: Annotated[str, AfterValidator(_is_a_persons)] | None = Field(
        None, description="A secret of theirs, under which they want to be remembered."
    )


class TalkSettings(_Strict):
    """How the conversation is held, by the names of the RPC `visavis.settings`."""

    voice: Line | None = Field(None, description="The provider's name or id of a voice.")
    speed: float | None = Field(None, gt=0, le=10, description="Of the voice; 1 is its own.")
    language: Line | None = Field(None, description="BCP 47 tag or English name.")
    instructions: (
        Annotated[str, Field(max_length=LONGEST_INSTRUCTIONS), AfterValidator(is_unicode)] | None
    ) = Field(None, description="Who the agent is: its system prompt.")
    mode: Mode | None = Field(
        None, description="`dialogue`: it answers. `retelling`: it says what it is given."
    )
    head: Line | None = Field(None, description="Name of a head.")
    background: Url | None = Field(
        None,
        description="`#rrggbb`, `#rrggbb..#rrggbb`, the name of a picture, or its `https://` URL.",
    )
    width: Side | None = Field(None, description="Pixels of the picture, even, 64 to 1920.")
    height: Side | None = Field(None, description="Pixels of the picture, even, 64 to 1920.")
    emotion: Feeling | None = Field(
        None, description='A name, `"happy"`, or shares, `{"happy": 0.7, "surprised": 0.3}`.'
    )

    @property
    def talk(self) -> TalkChange:
        """What of it is said to the agent."""
        looks = self._given(_LOOKS)
        appearance = AppearanceChange(**looks) if looks else None
        return TalkChange(**self._given(_WORDS), appearance=appearance)

    def _given(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Of a subclass, too: not every model has all of them."""
        found = {name: getattr(self, name, None) for name in names}
        return {name: value for name, value in found.items() if value is not None}


class SettingsPatch(TalkSettings):
    """What shall be different; what is not named stays. It takes at most 14,000 bytes of UTF-8 as
    JSON, which is fewer instructions than at the beginning where a letter is several bytes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"speed": 1.2, "background": "#203040"}]}
    )

    expression: Feeling | None = Field(
        None, description='An emotion until the next one, or until `"none"`.'
    )
    gesture: Line | None = Field(None, description="Made once: `nod`, `wink`, …")


class SessionRequest(TalkSettings):
    """A session to be. What is not named is as this server's settings say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "head": "maya",
                    "language": "en",
                    "instructions": "You help people to choose a bicycle.",
                    "greeting": "Hello! Are you looking for a bicycle?",
                    "knowledge": ["https://example.com/bicycles.html"],
                    "max_seconds": 600,
                    "metadata": {"customer": 17},
                    "participant": {"name": "Jo"},
                }
            ]
        }
    )

    greeting: Annotated[str, Field(max_length=MAX_GREETING), AfterValidator(is_unicode)] | None = (
        Field(None, description="The first words; empty: the person speaks first.")
    )
    brain: Line | None = Field(
        None,
        description="`pipeline`, `openai-realtime`, `gemini-live`, `remote`, `embedded`, or one "
        "of this server's own.",
    )
    knowledge: list[Url] = Field(
        [], max_length=MAX_SOURCES, description="URLs of documents to answer from."
    )
    video: bool | None = Field(
        None, description="False: a voice and its weights, without a picture."
    )
    max_seconds: float | None = Field(
        None, ge=10, description="After which the session is over, from its creation on."
    )
    idle_seconds: float | None = Field(
        None, ge=5, le=86_400, description="Without a word of either side, after which it is over."
    )
    transcript: bool = Field(True, description="Whether what is said is kept.")
    metadata: Metadata = Field(
        {}, description="Your own: comes back with the session and its first event. 4 KiB of JSON."
    )
    webhook_url: Url | None = Field(
        None, description="Where this session's events are sent, besides the registered webhooks."
    )
    participant: Participant = Participant()


class TextRequest(_Strict):
    """A text to say or to ask."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Good morning!"}]})

    text: Annotated[
        str, Field(min_length=1, max_length=MESSAGE_LIMIT), AfterValidator(is_unicode)
    ] = Field(description=f"At most {MESSAGE_LIMIT} characters.")
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] | None = Field(
        None, description="Your own name for it. The same one again is not said twice."
    )
