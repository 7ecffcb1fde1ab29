"""An event as a webhook's receiver gets it: JSON, signed by Standard Webhooks
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.webhooks import SECRET_PREFIX
from visavis.events import Event


@dataclass(frozen=True)
class Message:
    """What is sent, the same at every try."""

    id: str
    """A receiver that has seen it may forget the message."""
    body: bytes
    """A JSON object, in ASCII."""

    def headers(self, secret: str, now: float) -> dict[str, str]:
        """At ``now``, Unix seconds: receivers refuse what was signed long ago."""
        stamp = str(int(now))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Visavis",
            "webhook-id": self.id,
            "webhook-timestamp": stamp,
            "webhook-signature": _sign(secret, self.id, stamp, self.body),
        }


def message_of(event: Event) -> Message:
    # No dot in the id: dots part what is signed.
    return message(f"evt_{event.session}_{event.seq}", event.to_dict())


def message(id: str, content: Mapping[str, Any]) -> Message:
    return Message(id, encode(content))


def encode(content: Mapping[str, Any]) -> bytes:
    """As JSON in ASCII, on one line: whatever people say, it cannot fail or be cut apart."""
    return json.dumps(content, separators=(",", ":")).encode()


def _sign(secret: str, id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
