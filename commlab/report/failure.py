"""What went wrong in a notebook, short enough for a card and safe to forward."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

MAX_LENGTH = 300

# Absolute paths keep their last part; long digit runs, addresses and platform ids are people.
_HIDDEN: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\b[a-z][a-z0-9+.-]*://\S+", "<address>"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<mail>"),
    (
        r"(?<![\w/])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'\"<>:]+)+",
        lambda m: re.split(r"[/\\]", m[0])[-1],
    ),
    (r"\b(?:wm|wo|wr|wb)[A-Za-z0-9_-]{8,}", "<id>"),
    (r"\+?\d(?:[ -]?\d){6,}", "<number>"),
)
_DISK_FULL = "No space left on device"  # how C libraries, and with them Python, say it
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def safe(message: str) -> str:
    """Return the first line of a message without paths, addresses, phone numbers or ids.

    Example:
        >>> safe("no file /home/someone/data/orders.csv for 13800001111")
        'no file orders.csv for <number>'
    """
    lines = _ANSI.sub("", message).strip().splitlines()
    line = lines[0] if lines else ""
    dates: list[str] = []

    def keep(match: re.Match[str]) -> str:
        dates.append(match[0])
        return f"\x00{chr(0xE000 + len(dates))}"

    line = _DATE.sub(keep, line)
    for pattern, shown in _HIDDEN:
        line = re.sub(pattern, shown, line)
    for number, day in enumerate(dates, start=1):
        line = line.replace(f"\x00{chr(0xE000 + number)}", day)
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"


@dataclasses.dataclass(frozen=True)
class Failure:
    """An error of one notebook.

    Attributes:
        kind: Class of the error, e.g. `MissingTableError`.
        message: Its first line, made safe to show; empty when there is none to show.
        cell: Position of the code cell, from 1; 0 when it was not in a cell.
    """

    kind: str
    message: str
    cell: int = 0

    @classmethod
    def of(cls, error: BaseException, cell: int = 0) -> Failure:
        """Return the failure that an exception stands for."""
        return cls.said(type(error).__name__, str(error), cell)

    @classmethod
    def said(cls, kind: str, message: str, cell: int = 0) -> Failure:
        """Return the failure of a class and a message, as a kernel hands them over."""
        line = safe(message)
        if _DISK_FULL in line:
            line += ": free some space, or choose another folder with --out, and run again"
        return cls(kind, line, cell)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind
