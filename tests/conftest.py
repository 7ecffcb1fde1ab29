"""Fixtures of every test."""

from hypothesis import settings

from tests.clocks import clock
from tests.gateways import gateway
from tests.knowing import harbour, patience
from tests.services import postgres, postgres_url, redis_url, store, store_url

__all__ = [
    "clock",
    "gateway",
    "harbour",
    "patience",
    "postgres",
    "postgres_url",
    "redis_url",
    "store",
    "store_url",
]

settings.load_profile("ci")  # the same examples every time, however long one takes
