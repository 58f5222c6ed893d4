"""A small sound plan with its roster, written to a folder and loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.definitions import DefinitionFiles
from scheduler.ports import Loaded

PLAN = """\
schema = 1

[plan]
id = "cluster-2024"
title = "Kế hoạch thi đua năm 2024"
issued = 2024-01-05
year = 2024
timezone = "Asia/Ho_Chi_Minh"

[groups]
lead = ["alpha"]
members = ["alpha", "beta"]

[ladder]
at = "08:00"

[[milestones]]
id = "report"
kind = "deadline"
title = "Báo cáo"
responsible = "members"
before = 2024-03-15
deliverables = [{ id = "text", title = "Bản báo cáo" }]

[[milestones]]
id = "meeting"
kind = "event"
title = "Hội nghị"
organiser = "lead"
attendees = ["members"]
on = 2024-06-07

[[indicators]]
id = "all-report"
title = "Trường có báo cáo"
target = "100%"
measure = { milestone = "report", deliverable = "text" }
"""

PARTIES = """\
[parties.alpha]
name = "Trường Alpha"
contacts = [
  { name = "Cán bộ", email = "office@alpha.edu.vn" },
  { name = "Hiệu trưởng", email = "head@alpha.edu.vn", role = "head" },
]

[parties.beta]
name = "Trường Beta"
contacts = [{ name = "Cán bộ", email = "office@beta.edu.vn" }]

[parties.academy]
name = "Học viện"
external = true
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the definition folder and return its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "definitions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def load(tmp_path: Path, write: Write) -> Callable[..., Loaded]:
    """Load a plan and a roster, the sound ones unless others are given."""

    def load(plan: str = PLAN, parties: str = PARTIES) -> Loaded:
        write("cluster/2024.toml", plan)
        write("cluster/parties.toml", parties)
        return DefinitionFiles([tmp_path / "definitions"]).load()

    return load
