"""The words of the web pages in each language, as the templates keep them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from scheduler import wording

TEMPLATES = Path(__file__).parents[2] / "templates" / "web"
WORDS = {
    language: {
        f"{section}.{key}": text
        for section, keys in tomllib.loads((TEMPLATES / f"{language}.toml").read_text(encoding="utf-8")).items()
        for key, text in keys.items()
    }
    for language in wording.languages()
}
for _language, _table in wording.LANGUAGES.items():
    for _section, _labels in (("fate", _table.states), ("message", _table.messages), ("incoming", _table.received)):
        WORDS[_language] |= {f"{_section}.{code}": label for code, label in _labels.items()}
