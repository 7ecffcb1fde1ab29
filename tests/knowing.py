"""What tests of knowledge begin with: documents in an index, with vectors, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from livekit.agents import llm

from agent.knowledge import index_file, store
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.choose import Library
from agent.knowledge.passage import Block, Extract
from agent.knowledge.search import Knowledge

HARBOUR = (
    "The ferry to the island leaves every forty minutes from pier three. "
    "Bicycles travel free of charge. Dogs must wear a muzzle on board."
)


@contextmanager
def known(folder: Path, documents: Mapping[str, Extract]) -> Iterator[Library]:
    """``documents``: by their source."""
    index, encoder = folder / "index.sqlite", local_encoder()
    assert encoder is not None
    with index_file.opened(index) as connection:
        for source, document in documents.items():
            store.add(connection, source, "/", "", document)
    embed(index, encoder)
    knowledge = Knowledge(index, encoder)
    yield Library(knowledge, encoder)
    knowledge.close()


def asked(question: str) -> llm.ChatContext:
    """At the end of a conversation of four messages."""
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="You are Amy.")
    chat_ctx.add_message(role="user", content="Hello.")
    chat_ctx.add_message(role="assistant", content="Hi!")
    chat_ctx.add_message(role="user", content=question)
    return chat_ctx


@pytest.fixture(scope="session")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    guide = Extract("Harbour guide", (Block("Boats", HARBOUR),))
    with known(tmp_path_factory.mktemp("harbour"), {"/private/place/harbour.md": guide}) as library:
        yield library


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no index that is stuck."""
    monkeypatch.setattr("agent.knowledge.answer.PATIENCE", 60.0)
    monkeypatch.setattr("agent.knowledge.answer.SMALL_PATIENCE", 60.0)
