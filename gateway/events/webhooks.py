"""``/v1/webhooks``: whom to tell of events, and how far they have been told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from safe_fetch import FetchError
from store import Queue, Queues, TooManyWebhooks, Webhook, Webhooks
from store.webhook_tables import QueueState
from visavis.events import EventType

from ..access.caller import Caller, caller_with
from ..problems import Problem, wrong_value
from .message import message
from .post import LONGEST_URL, Post, check_receiver

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
Id = Annotated[str, Path(pattern=ID_PATTERN)]
Types = Annotated[
    list[EventType] | None,
    Field(
        description="What it is told of; null: everything.",
        min_length=1,
        examples=[["session.ended"]],
    ),
]
Url = Annotated[
    str,
    Field(
        description="Where messages are POSTed to, by https and on the public internet.",
        max_length=LONGEST_URL,
        examples=["https://example.com/visavis"],
    ),
]


class NewWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    types: Types = None
    enabled: bool = True


class WebhookChange(BaseModel):
    """What shall be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: Types = None
    enabled: bool | None = Field(
        None, description="True: it is told of all that it missed, from where it stopped."
    )


class WebhookInfo(BaseModel):
    id: str
    url: str
    types: list[EventType] | None
    enabled: bool
    disabled_because: str | None = Field(description="Where nobody asked for it.")
    created_at: float = Field(description="Unix seconds.")


class WebhookMade(WebhookInfo):
    secret: str = Field(description="What its messages are signed with; shown this once.")


class WebhookList(BaseModel):
    webhooks: list[WebhookInfo]


class PingResult(BaseModel):
    delivered: bool
    status: int | None = Field(description="That its receiver answered; null: it did not answer.")
    detail: str | None = Field(description="What went wrong.")
    seconds: float


class Delivery(BaseModel):
    """How far one session has been told."""

    session: str
    state: QueueState = Field(
        description="open: told as things happen, or tried again; done: told to the session's end; "
        "given_up: failed for a day. Enable the webhook again to go on."
    )
    delivered_seq: int = Field(description="Of the last event that it knows; 0: none.")
    waiting: int = Field(description="Events since.")
    attempts: int = Field(description="How often the next one has failed.")
    next_attempt_at: float | None = Field(description="Unix seconds.")
    last_attempt_at: float | None = Field(description="Unix seconds.")
    last_status: int | None
    last_error: str | None


class DeliveryList(BaseModel):
    deliveries: list[Delivery]
    next_cursor: str | None = Field(description="Of the next page; null: this is the last.")


MayUse = Annotated[Caller, Depends(caller_with("webhooks"))]


def webhook_routes(
    webhooks: Webhooks,
    queues: Queues,
    post: Post,
    *,
    allow_private: bool,
    clock: Callable[[], float] = time.time,
) -> APIRouter:
    """``clock``: Unix seconds."""
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    async def find(caller: Caller, id: str) -> Webhook:
        webhook = await asyncio.to_thread(webhooks.find, caller.sees, id)
        if webhook is None:
            raise _unknown()
        return webhook

    async def check_url(url: str) -> None:
        try:
            await check_receiver(url, allow_private=allow_private)
        except FetchError as error:
            raise wrong_value("url", str(error)) from None

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def create(caller: MayUse, new: NewWebhook, response: Response) -> WebhookMade:
        """Tell a URL of every session of yours, from now on."""
        await check_url(new.url)
        try:
            made = await asyncio.to_thread(
                webhooks.add, caller.owner, new.url, types=new.types, enabled=new.enabled
            )
        except TooManyWebhooks as error:
            raise Problem(
                HTTPStatus.CONFLICT,
                "too_many_webhooks",
                "There are too many webhooks",
                f"{str(error).capitalize()}. Delete one that is not needed.",
            ) from None
        response.headers["Cache-Control"] = "no-store"
        return WebhookMade(**_info(made), secret=made.secret)

    @routes.get("")
    async def show_all(caller: MayUse) -> WebhookList:
        """Yours, the oldest first; those of single sessions aside."""
        found = await asyncio.to_thread(webhooks.all, caller.sees)
        return WebhookList(webhooks=[WebhookInfo(**_info(each)) for each in found])

    @routes.get("/{id}")
    async def show(caller: MayUse, id: Id) -> WebhookInfo:
        """One of yours."""
        return WebhookInfo(**_info(await find(caller, id)))

    @routes.patch("/{id}")
    async def change(caller: MayUse, id: Id, change: WebhookChange) -> WebhookInfo:
        """Another URL, other types, off or on again."""
        webhook = await find(caller, id)
        asked = change.model_fields_set
        if change.url is not None:
            await check_url(change.url)
            webhook = replace(webhook, url=change.url)
        if "types" in asked:
            types = None if change.types is None else tuple(change.types)
            webhook = replace(webhook, types=types)
        if change.enabled is not None:
            webhook = replace(webhook, enabled=change.enabled, disabled_because=None)
        if not await asyncio.to_thread(webhooks.keep, webhook):
            raise _unknown()
        return WebhookInfo(**_info(webhook))

    @routes.delete("/{id}", status_code=HTTPStatus.NO_CONTENT)
    async def remove(caller: MayUse, id: Id) -> None:
        """It is told nothing more."""
        if not await asyncio.to_thread(webhooks.remove, caller.sees, id):
            raise _unknown()

    @routes.post("/{id}/ping")
    async def ping(caller: MayUse, id: Id) -> PingResult:
        """Send it one message of the type ``webhook.ping``, now, and see what it answers."""
        webhook = await find(caller, id)
        began = clock()
        sent = message(f"ping_{secrets.token_hex(12)}", {"type": "webhook.ping", "at": began})
        status, detail = None, None
        try:
            answer = await post(webhook.url, sent.body, sent.headers(webhook.secret, began))
        except FetchError as error:
            detail = str(error)
        else:
            status = answer.status
            detail = None if answer.is_good else f"it answered {status}"
        return PingResult(
            delivered=detail is None,
            status=status,
            detail=detail,
            seconds=round(max(0.0, clock() - began), 3),
        )

    @routes.get("/{id}/deliveries")
    async def deliveries(
        caller: MayUse,
        id: Id,
        state: QueueState | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    ) -> DeliveryList:
        """How far it has been told of each session, the newest first."""
        await find(caller, id)
        found = await asyncio.to_thread(queues.page, id, after=cursor, limit=limit + 1, state=state)
        page = found[:limit]
        return DeliveryList(
            deliveries=[_delivery(each) for each in page],
            next_cursor=page[-1].session if len(found) > limit else None,
        )

    return routes


def _unknown() -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND,
        "no_such_webhook",
        "There is no such webhook",
        "There is no webhook of yours with this id. GET /v1/webhooks lists them.",
    )


def _info(webhook: Webhook) -> dict[str, Any]:
    names = ("id", "url", "types", "enabled", "disabled_because", "created_at")
    return {name: getattr(webhook, name) for name in names}


def _delivery(queue: Queue) -> Delivery:
    last = queue.last
    return Delivery(
        session=queue.session,
        state=queue.state,
        delivered_seq=queue.delivered_seq,
        waiting=queue.waiting,
        attempts=queue.attempts,
        next_attempt_at=queue.next_at,
        last_attempt_at=last.at if last else None,
        last_status=last.status if last else None,
        last_error=last.error if last else None,
    )
