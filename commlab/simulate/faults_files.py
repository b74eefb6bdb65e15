"""Faults of whole files: header only, broken, empty, in another encoding."""

from __future__ import annotations

from typing import Any

import pyarrow.csv as pacsv

from commlab.simulate.faults import OPENING, Stage, found

ENCODING = "gbk"  # what spreadsheets on Chinese Windows write


def header_only(stage: Stage) -> dict[str, Any]:
    """The table of steps has its columns and no rows."""
    steps = stage.read("touchpoints")
    stage.write("touchpoints", steps.slice(0, 0))
    return found("touchpoints", "", steps.num_rows, "empty_table", 0)


def gbk_csv(stage: Stage) -> dict[str, Any]:
    """The groups are a CSV file in GBK, not in UTF-8."""
    groups = stage.read("groups").drop_columns(["tags"])
    path = stage.folder / "groups.csv"
    pacsv.write_csv(groups, path)
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode(ENCODING))
    stage.path("groups").unlink()
    return found("groups", "", groups.num_rows, OPENING, encoding=ENCODING)


def broken_parquet(stage: Stage) -> dict[str, Any]:
    """The file of the messages was cut off while it was copied."""
    rows = stage.read("messages").num_rows
    path = stage.path("messages")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return found("messages", "", rows, OPENING)


def empty_file(stage: Stage) -> dict[str, Any]:
    """The file of the check-ins has no bytes."""
    rows = stage.read("check_ins").num_rows
    stage.path("check_ins").write_bytes(b"")
    return found("check_ins", "", rows, OPENING)


FAULTS = {plant.__name__: plant for plant in (header_only, gbk_csv, broken_parquet, empty_file)}
