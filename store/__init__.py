"""What outlives a room: one database, SQLite by itself or Postgres by its URL."""

from .database import StoreError, open_store
from .memories import Memories, Memory, Turn
from .sessions import Sessions, StoredSession
from .workers import Worker, Workers

__all__ = [
    "Memories",
    "Memory",
    "Sessions",
    "StoreError",
    "StoredSession",
    "Turn",
    "Worker",
    "Workers",
    "open_store",
]
