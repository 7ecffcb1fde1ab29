"""What outlives a room: one database, SQLite by itself or Postgres by its URL."""

from .database import StoreError, open_store
from .keys import Keys, StoredKey
from .memories import Memories, Memory, MemoryChangedError, Turn
from .queues import Claim, Queue, Queues, Tried
from .sessions import Sessions, StoredSession, TooManyOpen
from .webhooks import TooManyWebhooks, Webhook, WebhookChanges, Webhooks
from .workers import Worker, Workers

__all__ = [
    "Claim",
    "Keys",
    "Memories",
    "Memory",
    "MemoryChangedError",
    "Queue",
    "Queues",
    "Sessions",
    "StoreError",
    "StoredKey",
    "StoredSession",
    "TooManyOpen",
    "TooManyWebhooks",
    "Tried",
    "Turn",
    "Webhook",
    "WebhookChanges",
    "Webhooks",
    "Worker",
    "Workers",
    "open_store",
]
