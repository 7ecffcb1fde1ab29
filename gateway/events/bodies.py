"""What ``/v1/webhooks`` takes and gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from store import Queue, Webhook
from store.webhook_tables import QueueState
from visavis.events import EventType

from .post import LONGEST_URL

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


def info_of(webhook: Webhook) -> dict[str, Any]:
    names = ("id", "url", "types", "enabled", "disabled_because", "created_at")
    return {name: getattr(webhook, name) for name in names}


def delivery_of(queue: Queue) -> Delivery:
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
