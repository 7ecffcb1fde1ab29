"""``/v1/webhooks``: whom to tell of events, and how far they have been told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from safe_fetch import FetchError
from store import Queues, TooManyWebhooks, Webhook, WebhookChanges, Webhooks
from store.idempotency import Requests
from store.webhook_tables import QueueState

from ..access.caller import Caller, caller_with
from ..problems import Problem, wrong_value
from ..sessions.idempotency import Key, Once
from .bodies import (
    DeliveryList,
    NewWebhook,
    PingResult,
    WebhookChange,
    WebhookInfo,
    WebhookList,
    WebhookMade,
    delivery_of,
    info_of,
)
from .message import message
from .post import Post, check_receiver

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
Id = Annotated[str, Path(pattern=ID_PATTERN)]
MayUse = Annotated[Caller, Depends(caller_with("webhooks"))]


def webhook_routes(
    webhooks: Webhooks,
    queues: Queues,
    requests: Requests,
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

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        response_model=WebhookMade,
        operation_id="create_webhook",
        summary="Create a webhook",
    )
    async def create(
        http: Request, caller: MayUse, new: NewWebhook, idempotency_key: Key = None
    ) -> Response:
        """Tell a URL of every session of yours, from now on."""
        once = await Once.of(requests, http, caller, idempotency_key)

        async def work(name: str) -> WebhookMade:
            await check_url(new.url)
            try:
                made = await asyncio.to_thread(
                    webhooks.add,
                    caller.owner,
                    new.url,
                    types=new.types,
                    enabled=new.enabled,
                    name=name,
                )
            except TooManyWebhooks as error:
                raise Problem(
                    HTTPStatus.CONFLICT,
                    "too_many_webhooks",
                    "There are too many webhooks",
                    f"{str(error).capitalize()}. Delete one that is not needed.",
                ) from None
            return WebhookMade(**info_of(made), secret=made.secret)

        return await once.do(HTTPStatus.CREATED, work)

    @routes.get("", operation_id="list_webhooks", summary="List webhooks")
    async def show_all(caller: MayUse) -> WebhookList:
        """Yours, the oldest first; those of single sessions aside."""
        found = await asyncio.to_thread(webhooks.all, caller.sees)
        return WebhookList(webhooks=[WebhookInfo(**info_of(each)) for each in found])

    @routes.get("/{id}", operation_id="get_webhook", summary="Get a webhook")
    async def show(caller: MayUse, id: Id) -> WebhookInfo:
        """One of yours."""
        return WebhookInfo(**info_of(await find(caller, id)))

    @routes.patch("/{id}", operation_id="change_webhook", summary="Change a webhook")
    async def change(caller: MayUse, id: Id, change: WebhookChange) -> WebhookInfo:
        """Another URL, other types, off or on again."""
        await find(caller, id)
        changes: WebhookChanges = {}
        if change.url is not None:
            await check_url(change.url)
            changes["url"] = change.url
        if "types" in change.model_fields_set:
            changes["types"] = None if change.types is None else tuple(change.types)
        if change.enabled is not None:
            changes["enabled"] = change.enabled
        if changes and not await asyncio.to_thread(webhooks.change, id, changes):
            raise _unknown()
        return WebhookInfo(**info_of(await find(caller, id)))

    @routes.delete(
        "/{id}",
        status_code=HTTPStatus.NO_CONTENT,
        operation_id="delete_webhook",
        summary="Delete a webhook",
    )
    async def remove(caller: MayUse, id: Id) -> None:
        """It is told nothing more."""
        if not await asyncio.to_thread(webhooks.remove, caller.sees, id):
            raise _unknown()

    @routes.post("/{id}/ping", operation_id="ping_webhook", summary="Try a webhook")
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

    @routes.get(
        "/{id}/deliveries", operation_id="list_deliveries", summary="See what was delivered"
    )
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
            deliveries=[delivery_of(each) for each in page],
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
