"""What notebooks hand over: estimates, tables and action lists in a run folder.

The only module that writes results. A kernel writes the part of its notebook
(`.parts/<notebook>.json`), the batch merges the parts into `results.json`: notebook → key →
fields of `Estimate`, and where there are any

- `previous`: the fields of the same figure one period earlier;
- `good`: "up" or "down", the direction that is good;
- `target`: the value that the workspace set beforehand;
- `currency`: ISO code, where the unit is "money";
- `headline`: place among the headline cards, from 1;
- `label`: language → label of the card.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab.errors import ArgumentError, RunError
from commlab.estimate import Estimate
from commlab.report import files
from commlab.report.spreadsheet import EXCEL, joined, neutralised
from commlab.tables import LISTS

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
PARTS = ".parts"
RESULTS_FILE = "results.json"
ACTIONS_FILE = "actions.json"  # lent to the overview while it runs
SHARE, PRIVATE = "share", "private"
DIGITS = "%.10g"  # beyond it sums of floats differ from run to run

# Columns that name or lead to a person: they stay out of what may be forwarded.
PERSONAL = frozenset(
    {
        *("member_id", "buyer_id", "sender_id", "inviter_id", "invitee_id", "respondent_id"),
        *("adviser_id", "creator_id", "external_userid", "unionid", "openid", "value_hash"),
        *("phone", "mobile", "email", "address", "nickname"),
    }
)

_SEGMENT = r"[^\W_](?:[\w\-]*[^\W_])?"
_KEY = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})*\Z")
_LONGEST = 120
# Names that Windows keeps for devices, with any suffix.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)


def check_key(key: str) -> str:
    """Return a key that can name a figure, a table or a list, and a file on any system.

    Args:
        key: Segments of letters (of any script), digits, `_` and `-`, joined by dots.

    Raises:
        ArgumentError: It is anything else.

    Example:
        >>> check_key("双11.itt.orders")
        '双11.itt.orders'
    """
    if not isinstance(key, str) or not _KEY.match(key) or len(key) > _LONGEST:
        raise ArgumentError(
            f"key == {key!r}, must be letters, digits, _ and - in parts joined by dots, "
            f"at most {_LONGEST} characters.",
            fix="E.g. retention.month1.",
        )
    if _RESERVED.match(key):
        raise ArgumentError(f"key == {key!r}, must not be a name that Windows keeps for devices.")
    return key


@dataclasses.dataclass(frozen=True, eq=False)
class ActionList:
    """People (or groups) to act on, with real ids, best first: for `private/` only.

    Attributes:
        frame: One row each, in order of priority.

    Example:
        >>> import pandas as pd
        >>> ActionList(pd.DataFrame({"member_id": ["m1", "m2"], "risk": [0.9, 0.7]}))
        ActionList(2 rows: member_id, risk)
    """

    frame: pd.DataFrame

    def __repr__(self) -> str:
        # The ids must not get into a page by accident, so neither text nor HTML shows them.
        return f"ActionList({len(self.frame)} rows: {', '.join(map(str, self.frame.columns))})"


class Part:
    """What one notebook has handed over so far, kept in the run folder after every step.

    Args:
        run_folder: Folder of the run; None keeps everything in memory and writes nothing.
        notebook: Name of the notebook.
    """

    def __init__(self, run_folder: Path | None, notebook: str) -> None:
        self.run_folder = run_folder
        self.notebook = check_key(notebook)
        self.entries: dict[str, dict[str, Any]] = {}
        self.files: list[str] = []
        self.actions: list[dict[str, Any]] = []
        if run_folder is not None:
            self._clear(run_folder)
            self.save()

    def put_estimate(self, key: str, estimate: Estimate, **extra: Any) -> dict[str, Any]:
        """Keep an estimate; `extra` are further fields, those that are None are left out."""
        fields = estimate.to_dict()
        fields.update((name, value) for name, value in extra.items() if value is not None)
        self.entries[check_key(key)] = fields
        self.save()
        return fields

    def put_table(self, key: str, frame: pd.DataFrame) -> str:
        """Write a table to `share/tables/<notebook>/<key>.csv`; return that path.

        Raises:
            ArgumentError: A column names or leads to a person.
        """
        check_key(key)
        found = [str(column) for column in frame.columns if str(column).lower() in PERSONAL]
        if found:
            raise ArgumentError(
                f"the table {key!r} has the column {found[0]!r}: share/ may be forwarded.",
                fix="Put pseudonyms (commlab.privacy) in a column of another name, or use "
                "ActionList for real ids.",
            )
        return self._write(f"{SHARE}/tables/{self.notebook}/{key}.csv", neutralised(joined(frame)))

    def put_list(self, name: str, actions: ActionList) -> str:
        """Write an action list to `private/<name>.csv`, readable by its owner; return that path.

        Raises:
            ArgumentError: Its columns are not those that `commlab.tables.LISTS` declares.
        """
        check_key(name)
        found = tuple(map(str, actions.frame.columns))
        if name in LISTS and found != LISTS[name].names:
            raise ArgumentError(
                f"the list {name!r} has the columns {', '.join(found)}.",
                fix=f"Declared are {', '.join(LISTS[name].names)}; for another list take "
                "another name.",
            )
        safe = neutralised(actions.frame, keep_ids=True)
        return self._write(f"{PRIVATE}/{name}.csv", safe, mode=files.PRIVATE)

    def save(self, *, complete: bool = False) -> None:
        """Write the part; `complete` says that the notebook reached its end."""
        if self.run_folder is None:
            return
        part = {
            "format": FORMAT,
            "notebook": self.notebook,
            "complete": complete,
            "files": self.files,
            "actions": self.actions,
            "results": self.entries,
        }
        files.write_text(part_path(self.run_folder, self.notebook), _dumps(part))

    def _write(self, name: str, frame: pd.DataFrame, mode: int = files.READABLE) -> str:
        clash = [known for known in self.files if known != name and _same(known, name)]
        if clash:
            raise ArgumentError(
                f"{name} and {clash[0]} are one file where capitals do not count.",
                fix="Choose another key.",
            )
        if self.run_folder is not None:
            path = self.run_folder / name
            if mode == files.PRIVATE:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with files.whole(path, mode=mode, encoding=EXCEL) as stream:
                frame.to_csv(stream, index=False, float_format=DIGITS, lineterminator="\n")
        if name not in self.files:
            self.files.append(name)
            self.save()
        return name

    def _clear(self, run_folder: Path) -> None:
        # What an earlier run of this notebook left must not pass for results of this one.
        path = part_path(run_folder, self.notebook)
        if not path.is_file():
            return
        for name in _read(path).get("files", ()):
            if not str(name).startswith((f"{SHARE}/tables/{self.notebook}/", f"{PRIVATE}/")):
                continue
            if ".." not in Path(name).parts:
                (run_folder / name).unlink(missing_ok=True)
        path.unlink()


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def part_path(run_folder: Path | str, notebook: str) -> Path:
    """Return where the part of a notebook is kept in a run folder."""
    return Path(run_folder) / PARTS / f"{notebook}.json"


def merge_parts(run_folder: Path | str) -> dict[str, dict[str, dict[str, Any]]]:
    """Merge the parts of all notebooks into `results.json` and return it.

    Parts of notebooks that did not reach their end are left out.

    Args:
        run_folder: Folder of the run.

    Returns:
        Notebook → key → fields, both sorted.

    Raises:
        RunError: A part is not what `Part` wrote.
    """
    folder = Path(run_folder)
    parts = [_read(path) for path in sorted((folder / PARTS).glob("*.json"))]
    merged = {
        str(part["notebook"]): dict(sorted(part["results"].items()))
        for part in parts
        if part.get("complete")
    }
    files.write_text(folder / RESULTS_FILE, _dumps(merged))
    return merged


def lend_actions(run_folder: Path | str, folder: Path | str) -> None:
    """Write what all finished notebooks say is to be done into the folder of the overview.

    Args:
        run_folder: Folder of the run.
        folder: Folder that the overview's kernel writes into.
    """
    parts = [_read(path) for path in sorted((Path(run_folder) / PARTS).glob("*.json"))]
    told = [
        {**row, "notebook": part["notebook"]}
        for part in parts
        if part.get("complete")
        for row in part.get("actions", ())
    ]
    files.write_text(Path(folder) / ACTIONS_FILE, _dumps({"actions": told}))


def read_actions(run_folder: Path | str) -> list[dict[str, Any]]:
    """Return what `lend_actions` wrote; nothing where there is no such file, or no folder."""
    path = Path(run_folder) / ACTIONS_FILE
    return list(_read(path)["actions"]) if str(run_folder) and path.is_file() else []


def read_results(run_folder: Path | str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return `results.json` of a run folder; empty where there is none, or no folder.

    Example:
        >>> read_results("")
        {}
    """
    path = Path(run_folder) / RESULTS_FILE
    return _read(path) if str(run_folder) and path.is_file() else {}


def private_lists(run_folder: Path | str) -> tuple[str, ...]:
    """Return the names of the action lists in a run folder."""
    return tuple(sorted(path.stem for path in (Path(run_folder) / PRIVATE).glob("*.csv")))


def shared_tables(run_folder: Path | str, notebook: str) -> tuple[str, ...]:
    """Return the keys of the tables that a notebook wrote into a run folder."""
    folder = Path(run_folder) / SHARE / "tables" / notebook
    return tuple(sorted(path.stem for path in folder.glob("*.csv")))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"cannot be read: {error}.", where=path.name, fix="Run again with --force."
        ) from None
    if not isinstance(content, dict):
        raise RunError("is not what a run writes.", where=path.name, fix="Run again with --force.")
    return content


def _dumps(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"
