"""Errors and warnings that commlab raises on purpose.

A user never meets a traceback: the command line prints these as one message that says what is
wrong, where, and how to mend it. Library users catch `CommlabError`, or the class they care for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CommlabError(Exception):
    """Base of every error raised on purpose.

    Args:
        what: What is wrong, with the value that was seen.
        where: File, table, column or line, when there is one.
        fix: What the user can do about it, as a sentence.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        parts = [f"{where}: {what}" if where else what, fix]
        super().__init__(" ".join(part for part in parts if part))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.fix)


def _rebuild(kind: type[CommlabError], what: str, where: str, fix: str) -> CommlabError:
    return kind(what, where=where, fix=fix)


class ArgumentError(CommlabError, ValueError):
    """An argument is outside what the function accepts."""


class WorkspaceError(CommlabError):
    """A folder or database is not a workspace that can be opened, or its settings are wrong."""


class DataError(CommlabError):
    """The data contradict their declaration: a type, a key, a missing column."""


class LoadError(CommlabError):
    """A source file cannot be read."""


class MissingTableError(CommlabError):
    """A figure needs a table that the workspace does not have."""


class NotEnoughDataError(CommlabError):
    """The data cannot carry the number asked for; the message says what would."""


class DesignError(DataError, NotEnoughDataError):
    """What is said of a campaign's design and who was assigned to it do not go together.

    Args:
        what: What is wrong.
        where: The table.
        fix: How to mend it.
        said: Text key of the same in the languages of a page.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", said: str = "") -> None:
        self.said = said
        super().__init__(what, where=where, fix=fix)

    def __reduce__(self) -> tuple[object, ...]:
        return (*super().__reduce__(), {"said": self.said})


class RunError(CommlabError):
    """A batch run cannot finish."""


class StartError(RunError):
    """A batch run cannot start: nothing was run and nothing was changed."""


class CommlabWarning(UserWarning):
    """Base of every warning raised on purpose."""


class DataWarning(CommlabWarning):
    """The data were usable, but not as they stand: the message counts what was left out."""


class StatisticalWarning(CommlabWarning):
    """An assumption of a method looks violated."""


class ConvergenceWarning(CommlabWarning):
    """An optimiser stopped before its conditions were met, or at a bound."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known name, or lists them all.

    Args:
        name: What the user wrote.
        known: The names that exist.

    Returns:
        A sentence for the `fix` of an error.

    Example:
        >>> nearest("retentoin", ["retention", "lifecycle"])
        "Did you mean 'retention'?"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(names)}." if names else "None are known."
