"""The import name `scheduler`, which another distribution owns too: whoever installs both, mixes their files.

It imports nothing of this package, because what went wrong may be anywhere in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.texts import Text, join

HINT = Text("install hanchot in an environment of its own")


def find_owners() -> Sequence[str | None]:
    """Return the distributions of this Python that own the import name; one without metadata has the name None."""
    from importlib.metadata import packages_distributions  # imported here: only an error and the doctor need it

    return packages_distributions().get("scheduler", [])


def describe_others(owners: Sequence[str | None]) -> Text | None:
    """Return a sentence that names the other owners, or None if there are none."""
    others = sorted({owner or Text("a package without a name") for owner in owners} - {"hanchot"})
    if not others:
        return None
    return Text(
        "the import name `scheduler` belongs to {others} too: either may overwrite the other's files",
        others=join(", ", others),
    )
