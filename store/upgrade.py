"""Brings a database's tables to what this version of Visavis needs.

Each change of the tables is one more file in ``migrations/versions`` (Alembic's, numbered), and
:data:`HEAD` its number. Within a major version they only add: while a fleet is upgraded, workers of
before go on with a store that has been upgraded already.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

logger = logging.getLogger("visavis.store")

HEAD: Final = "0001"
"""The newest migration. That it was made is known without importing Alembic: every conversation's
process opens the store."""
VERSION_TABLE: Final = "visavis_version"

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Make what is missing, within the transaction of ``connection``, which nobody else may be in.
    A store that a newer Visavis has upgraded is left as it is."""
    version = _version(connection)
    if version == HEAD:
        return
    # It tells of itself as soon as it is imported.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        logger.warning("the store was upgraded by a newer Visavis (to %s); using it", version)
        return
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)
