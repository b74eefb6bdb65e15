"""Saved answers of the API: which file holds what, and of which day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from commlab.errors import LoadError
from commlab.loaders.files import printable
from commlab.loaders.find import inside
from commlab.loaders.unpack import Unpacked

SUFFIXES = (".json", ".jsonl", ".ndjson", ".txt", ".log", ".gz")
ZONE = dt.timezone(dt.timedelta(hours=8))  # the API's days are Beijing days
DAY = 86_400_000_000
_DATED = re.compile(
    r"^(20\d{2})-?(\d{2})-?(\d{2})(?:[T_ -]?(\d{2})[-:h]?(\d{2})(?:[-:m]?(\d{2}))?)?$"
)
_PEEK = 20  # lines looked at to tell an archive; a broken line may stand first
# Kind → a field that only this answer has; looked for in this order.
KINDS = {
    "external_contact_list": "externalcontact/batch/get_by_user",
    "external_contact": "externalcontact/get",
    "group_chat_list": "externalcontact/groupchat/list",
    "group_chat": "externalcontact/groupchat/get",
    "behavior_data": "externalcontact/get_user_behavior_data",
    "tag_group": "externalcontact/get_corp_tag_list",
    "contact_way": "externalcontact/get_contact_way",
    "join_way": "externalcontact/groupchat/get_join_way",
    "customer_list": "externalcontact/customer_acquisition/customer",
    "click_link_customer_cnt": "externalcontact/customer_acquisition/statistic",
    "link": "externalcontact/customer_acquisition/get",
    "items": "externalcontact/groupchat/statistic",
    "Event": "callbacks",
    "msgid": "message archive",
}


@dataclasses.dataclass(frozen=True)
class Moment:
    """When an answer was given: between two moments, microseconds since 1970.

    Attributes:
        low: Not before.
        high: Not after.
    """

    low: int
    high: int


@dataclasses.dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        kind: Key of `KINDS`; "" for what is none of them.
        body: The answer.
        request: What was asked, where it was saved.
        at: When; None where nothing says it.
        file: Name of the file.
    """

    kind: str
    body: dict[str, Any]
    request: dict[str, Any]
    at: Moment | None
    file: str

    @property
    def seen(self) -> dict[str, int]:
        """`low` and `high` of the moment, as columns; empty where it is not known."""
        return {} if self.at is None else {"low": self.at.low, "high": self.at.high}


@dataclasses.dataclass(frozen=True)
class File:
    """One file of the folder.

    Attributes:
        path: The file.
        name: Path within the folder.
        at: When it was saved, by a folder's name.
    """

    path: Path
    name: str
    at: Moment | None


def find(paths: Sequence[Path]) -> list[File]:
    """Return the files of folders, in order of name.

    Raises:
        LoadError: A path does not exist, or nothing in it can be read.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise LoadError("there is no such file or folder.", where=str(path),
                            fix="Check the path.")  # fmt: skip
        if path.is_file():
            found.append(File(path, path.name, _moment((path.parent.name,))))
            continue
        for inner in sorted(path.rglob("*")):
            relative = inner.relative_to(path)
            inside(inner, path)
            hidden = any(part.startswith(".") for part in relative.parts)
            if inner.is_file() and not hidden and inner.suffix.lower() in SUFFIXES:
                folders = (path.name, *relative.parts[:-1])
                found.append(File(inner, printable(relative.as_posix()), _moment(folders)))
    if not found:
        raise LoadError(
            "holds no file that can be read.",
            where=", ".join(path.name for path in paths),
            fix=f"Known endings: {', '.join(SUFFIXES)}.",
        )
    return found


def is_archive(file: File) -> bool:
    """Return whether a file holds messages, one a line.

    Raises:
        LoadError: A broken gzip.
    """
    with Unpacked(file.path) as stream:
        for _ in range(_PEEK):
            line = stream.readline(1 << 20)
            if not line:
                return False
            item = _loads(line)
            if isinstance(item, dict):
                return "msgid" in item or item.get("action") == "switch"
    return False


def read(file: File) -> Iterator[Answer | None]:
    """Yield the answers of a file; None for one that is no JSON object.

    Raises:
        LoadError: A broken gzip.
    """
    with Unpacked(file.path) as stream:
        for item in _objects(stream):
            if isinstance(item, dict):
                yield _answer(item, file)
            else:
                yield None


def _objects(stream: BinaryIO) -> Iterator[Any]:
    """The JSON values of a file: one a line, or one over several lines, or a list of them."""
    lines = (line for line in stream if line.strip())
    first, second = next(lines, b""), next(lines, b"")
    single = _loads(first)
    if isinstance(single, dict) and second:
        yield single
        yield _loads(second)
        yield from map(_loads, lines)
        return
    rest = [first, second, *lines]
    whole = single if single is not None and not second else _loads(b"".join(rest))
    if whole is None:
        apart = [_loads(line) for line in rest if line]
        # One broken line does not hide the others; a broken document is one thing.
        yield from apart if any(isinstance(item, dict) for item in apart) else [None]
    elif isinstance(whole, list):
        yield from whole
    else:
        yield whole


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested without end
        return None


def _answer(item: dict[str, Any], file: File) -> Answer:
    request: dict[str, Any] = {}
    body, at = item, file.at
    if isinstance(item.get("response"), dict):
        body = item["response"]
        request = item["request"] if isinstance(item.get("request"), dict) else {}
        told = seconds(item.get("fetched_at"))
        at = Moment(told, told) if told is not None else at
    kind = next((key for key in KINDS if key in body), "")
    return Answer(kind, body, request, at, file.name)


def _moment(folders: Sequence[str]) -> Moment | None:
    """When the innermost dated folder was saved."""
    for name in reversed(folders):
        match = _DATED.match(name)
        if not match:
            continue
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            start = dt.datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
        except ValueError:
            continue
        low = round(start.timestamp()) * 1_000_000
        return Moment(low, low if match[4] else low + DAY - 1_000_000)
    return None


def seconds(value: object) -> int | None:
    """Return microseconds of a time in seconds; None for anything that is none.

    Example:
        >>> seconds(1767225600), seconds("1767225600"), seconds(1767225600000), seconds(True)
        (1767225600000000, 1767225600000000, None, None)
    """
    number = whole(value)
    # 2001 to 2286: ten digits. Thirteen are milliseconds, which this API has only in archives.
    return number * 1_000_000 if number is not None and 10**9 <= number < 10**10 else None


def whole(value: object) -> int | None:
    """Return a whole number, written as one or as text; None for anything else: not 0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**62 else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
        return int(value)
    return None


def word(value: object) -> str | None:
    """Return text that is not empty; a number is text too (ids may be saved so)."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        return str(value)
    if not isinstance(value, str):
        return None
    bare = "".join(c for c in value if not "\ud800" <= c <= "\udfff").strip()
    return bare or None


def mappings(value: object) -> list[dict[str, Any] | None]:
    """Return the items of a list: mappings, and None for what is none."""
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else None for item in value]


def mapping(value: object) -> dict[str, Any]:
    """Return a mapping, empty for anything else."""
    return value if isinstance(value, dict) else {}
