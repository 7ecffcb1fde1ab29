"""What outlives a room: one database, SQLite by itself or Postgres by its URL."""

from .database import StoreError, open_store
from .memories import Memories, Memory, Turn

__all__ = ["Memories", "Memory", "StoreError", "Turn", "open_store"]
