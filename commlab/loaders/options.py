"""What a user may tell a reader."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of one load.

    Attributes:
        map: The `map.toml`, for the format "files".
        zone: IANA zone of wall-clock times, where neither map nor settings say it.
        encoding: Encoding of text files; empty: detect.
    """

    map: Path | None = None
    zone: str = ""
    encoding: str = ""
