"""Definition files: reads TOML files, validates each as a whole, and builds plans from them."""

from scheduler.definitions.loader import LANGUAGES, DefinitionFiles, rebuild_plan

__all__ = ["LANGUAGES", "DefinitionFiles", "rebuild_plan"]
