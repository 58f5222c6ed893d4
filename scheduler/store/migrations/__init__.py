"""The migrations of the tables, run by Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from scheduler.store.schema import HEAD


def migrate(connection: sa.Connection, to: str = HEAD) -> None:
    """Migrate the tables to a revision within the connection's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def configuration() -> Config:
    """Return Alembic's settings, which name the folder of the migrations. There is no alembic.ini."""
    config = Config()
    # Alembic would read a percent sign in the path as a reference to another setting.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
