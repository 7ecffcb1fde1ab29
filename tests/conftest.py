"""Fixtures of every test."""

from tests.services import postgres, postgres_url, redis_url, store, store_url

__all__ = ["postgres", "postgres_url", "redis_url", "store", "store_url"]
