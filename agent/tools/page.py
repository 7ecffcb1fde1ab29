"""What the model can put on the person's screen."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from livekit import rtc
from livekit.agents import function_tool, get_job_context, llm

from visavis.card import Card
from visavis.protocol import RPC_SHOW_CARD, ProtocolError

ANSWER_SECONDS = 3.0
"""How long a page may take to show a card."""


@function_tool
async def show_card(title: str, text: str) -> str:
    """Show a small card on the person's screen: a name, a number, an address, a short list.

    Args:
        title: a few words.
        text: what to read, in plain lines.
    """
    return await show(get_job_context().room, title, text)


@function_tool
async def open_link(title: str, url: str) -> str:
    """Offer the person a web page; they open it with one press.

    Args:
        title: what it is, in a few words.
        url: a whole address that begins with https://
    """
    if not _is_address(url):
        raise llm.ToolError("A link must be a whole address that begins with https://")
    return await show(get_job_context().room, title, "", url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # of brackets that hold no address
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname)


async def show(room: rtc.Room, title: str, text: str, url: str | None = None) -> str:
    """Show a card to everybody in the room whose page can. Raises :class:`ToolError`."""
    try:
        card = Card(title=title, text=text, url=url)
    except ProtocolError as error:
        raise llm.ToolError(str(error)) from error
    people = [
        person.identity
        for person in room.remote_participants.values()
        if person.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    ]
    shown = await asyncio.gather(*(_show_to(room, person, card) for person in people))
    if not any(shown):
        raise llm.ToolError("The person's screen cannot show this; say it instead.")
    return "It is on the person's screen now."


async def _show_to(room: rtc.Room, identity: str, card: Card) -> bool:
    try:
        await room.local_participant.perform_rpc(
            destination_identity=identity,
            method=RPC_SHOW_CARD,
            payload=card.to_json(),
            response_timeout=ANSWER_SECONDS,
        )
    except rtc.RpcError:
        return False
    return True
