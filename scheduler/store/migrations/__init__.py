"""The history of the tables, run by Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from scheduler.store.schema import HEAD


def migrate(connection: sa.Connection, to: str = HEAD) -> None:
    """Bring the tables to a version, within the connection's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def configuration() -> Config:
    """Return Alembic's settings: where the history lies. There is no alembic.ini."""
    config = Config()
    # A percent sign in the path would be read as a reference to another setting.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
