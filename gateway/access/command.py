"""``python -m gateway keys``: makes, lists and revokes API keys, on a machine with the store."""

from __future__ import annotations

import argparse
import time
from datetime import datetime

from settings import Settings
from store import Keys, StoredKey, StoreError, open_store

from .caller import SCOPES
from .keyring import make_key


def add_keys_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("keys", help="make, list and revoke API keys for /v1")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make one, and show it this once")
    create.add_argument("name", type=_name, help="for people, to tell keys apart")
    create.add_argument(
        "--scopes",
        type=_scopes,
        default=("sessions:read", "sessions:write"),
        help=f"separated by commas, of {', '.join(SCOPES)} (default: sessions:read,sessions:write)",
    )
    actions.add_parser("list", help="all, newest first")
    revoke = actions.add_parser("revoke", help="for good, at once")
    revoke.add_argument("id")


def run_keys_command(given: argparse.Namespace, settings: Settings) -> int:
    """Exit status: 1, where it could not be done."""
    try:
        store = open_store(settings.store_url)
    except StoreError as error:
        print(f"visavis: {error}")
        return 1
    keys = Keys(store, time.time)
    try:
        match given.action:
            case "create":
                key, text = make_key(keys, given.name, given.scopes)
                print(text)
                print(
                    f"\nKey {key.id}, {', '.join(key.scopes)}. It is shown this once: keep it "
                    f"where your server finds it. `python -m gateway keys revoke {key.id}` ends it."
                )
            case "list":
                found = keys.list()
                for key in found:
                    print(_line(key))
                if not found:
                    print("There is no key yet: `python -m gateway keys create NAME` makes one.")
            case "revoke":
                if not keys.revoke(given.id):
                    print(f"visavis: there is no key {given.id}; `keys list` shows all.")
                    return 1
                print(f"Key {given.id} is revoked.")
    finally:
        store.dispose()
    return 0


def _name(text: str) -> str:
    if not 1 <= len(text) <= 128 or not text.isprintable():
        raise argparse.ArgumentTypeError("a name has 1 to 128 printable characters")
    return text


def _scopes(text: str) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    unknown = sorted(set(given) - set(SCOPES))
    if unknown or not given:
        known = ", ".join(SCOPES)
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or text!r}: scopes are {known}")
    return given


def _line(key: StoredKey) -> str:
    if key.revoked_at is not None:
        state = f"revoked {_day(key.revoked_at)}"
    elif key.used_at is None:
        state = "never used"
    else:
        state = f"last used {_day(key.used_at)}"
    made = _day(key.created_at)
    return f"{key.id}  {key.name}  {','.join(key.scopes)}  made {made}, {state}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
