"""The tables as they were when migrations began.

A store of before has tables and no version: it gains the columns that it lacks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _table(
        "visavis_cursors",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _table(
        "visavis_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _table(
        "visavis_people",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("forgotten_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    _table(
        "visavis_requests",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("tried_at", sa.Float(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("owner", "key"),
    )
    _index("ix_visavis_requests_at", "visavis_requests", ["at"])
    _table(
        "visavis_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("room", sa.String(length=128), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("end_reason", sa.String(length=16), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("talk", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("room"),
    )
    _index("ix_visavis_sessions_created_at", "visavis_sessions", ["created_at"])
    _index("ix_visavis_sessions_ended_at", "visavis_sessions", ["ended_at"])
    _index("ix_visavis_sessions_owner", "visavis_sessions", ["owner"])
    _table(
        "visavis_usage",
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=128), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("heard_seconds", sa.Float(), nullable=False),
        sa.Column("spoken_seconds", sa.Float(), nullable=False),
        sa.Column("audio_seconds", sa.Float(), nullable=False),
        sa.Column("characters", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.Float(), nullable=False),
        sa.Column("cached_tokens", sa.Float(), nullable=False),
        sa.Column("audio_input_tokens", sa.Float(), nullable=False),
        sa.Column("cached_audio_tokens", sa.Float(), nullable=False),
        sa.Column("output_tokens", sa.Float(), nullable=False),
        sa.Column("audio_output_tokens", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("run", "kind", "provider", "model"),
    )
    _index("ix_visavis_usage_began_at", "visavis_usage", ["began_at"])
    _index("ix_visavis_usage_owner", "visavis_usage", ["owner"])
    _index("ix_visavis_usage_session", "visavis_usage", ["session"])
    _table(
        "visavis_workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("load", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_visavis_workers_at", "visavis_workers", ["at"])
    _table(
        "visavis_events",
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["visavis_sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session", "seq"),
    )
    _index("ix_visavis_events_at", "visavis_events", ["at"])
    _table(
        "visavis_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["visavis_people.person"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_visavis_facts_person", "visavis_facts", ["person"])
    _table(
        "visavis_turns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["visavis_people.person"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_visavis_turns_person", "visavis_turns", ["person"])
    _table(
        "visavis_webhooks",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=True),
        sa.Column("secret", sa.String(length=128), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_because", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["visavis_sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_visavis_webhooks_owner", "visavis_webhooks", ["owner"])
    _index("ix_visavis_webhooks_session", "visavis_webhooks", ["session"])
    _table(
        "visavis_webhook_queues",
        sa.Column("webhook", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.Float(), nullable=True),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("leased_until", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["session"], ["visavis_sessions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webhook"], ["visavis_webhooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webhook", "session"),
    )
    _index("ix_visavis_webhook_queues_session", "visavis_webhook_queues", ["session"])
    _index("visavis_webhook_queues_due", "visavis_webhook_queues", ["state", "next_at"])


def _table(name: str, *items: sa.schema.SchemaItem) -> None:
    columns = [each for each in items if isinstance(each, sa.Column)]
    there = sa.inspect(op.get_bind())
    if not there.has_table(name):
        op.create_table(name, *items)
        return
    known = {each["name"] for each in there.get_columns(name)}
    for column in columns:
        if column.name not in known:
            op.add_column(name, column)


def _index(name: str, table: str, columns: list[str]) -> None:
    # Postgres asks for the table's owner even where the index is there.
    if name not in {each["name"] for each in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)
