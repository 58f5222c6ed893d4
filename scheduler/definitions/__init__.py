"""The door at which plans come in: TOML files are read, checked whole, and become plans."""

from scheduler.definitions.loader import LANGUAGES, DefinitionFiles

__all__ = ["LANGUAGES", "DefinitionFiles"]
