"""The one place where tables, charts and figures leave for what may be forwarded.

Everything that a page shows or writes to `share/` passes a `Gate`: small cells of people and what
would reveal them are hidden (`commlab.disclosure`), ids of people become pseudonyms
(`commlab.privacy`), phone numbers in codes and names lose their middle, and columns with names
and numbers of people are refused. Pages of `commlab run --internal` show small cells, and say so;
ids stay pseudonyms there too.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.privacy import pseudonyms

if TYPE_CHECKING:
    import pandas as pd

INTERNAL_VARIABLE = "COMMLAB_INTERNAL"  # set for the kernels of `commlab run --internal`
HIDDEN = "common.status.masked"  # why a figure is not shown, as a text key

# Columns with ids of people → the letter in front of their pseudonyms.
IDS = {
    **dict.fromkeys(
        ("member_id", "buyer_id", "sender_id", "inviter_id", "invitee_id", "respondent_id",
         "external_userid", "unionid", "openid"), "P",
    ),
    **dict.fromkeys(("adviser_id", "creator_id", "staff_id", "owner_id"), "S"),
}  # fmt: skip
# Columns that name people or lead to them and are of no use as a pseudonym.
NEVER = frozenset({"phone", "mobile", "email", "address", "nickname", "value_hash"})

# Mobile numbers of mainland China, however they are set apart, also with the country.
_GAP = r"[ .()\u00a0\-\u2010-\u2015]{0,3}"
_PHONE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_GAP})?1[3-9][0-9]" + rf"{_GAP}[0-9]" * 8 + r"(?![0-9])"
)
_WIDE_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}

# What holds no people but the one number or day that was written down for the page.
_PLAIN = (bool, int, float, datetime.date, datetime.timedelta, np.generic)

_COUNTS = frozenset({"members", "people", "buyers", "friends"})  # units of counts of people
# Differences of shares: no count of people can be made of such a figure and its n.
_DIFFERENCES = ("Newcombe", "Kitagawa")


def without_phones(text: str) -> str:
    """Return text with the middle of mobile numbers left out.

    Example:
        >>> without_phones("Store 12, call 138-0013-8000")
        'Store 12, call 138****8000'
    """
    parts, end = [], 0
    for found in _PHONE.finditer(text.translate(_WIDE_DIGITS)):
        digits = "".join(char for char in found[0] if char.isdigit())[-11:]
        parts += [text[end : found.start()], f"{digits[:3]}****{digits[-4:]}"]
        end = found.end()
    return "".join([*parts, text[end:]])


def is_internal() -> bool:
    """Return whether pages of this process stay in the house."""
    return os.environ.get(INTERNAL_VARIABLE) == "1"


class Gate:
    """What one page may show.

    Args:
        small: The smallest number of people that may be shown, `small_cell` in the settings.
        scope: Name of the workspace, for pseudonyms.
        internal: Whether the page stays in the house and shows small cells.
    """

    def __init__(self, small: int, scope: str, *, internal: bool = False) -> None:
        self.small = 1 if internal else small
        self.scope = scope
        self.internal = internal
        self._seen: dict[tuple[Any, ...], int] = {}
        self._done: dict[bytes, pd.DataFrame] = {}

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame as it may be shown.

        Raises:
            ArgumentError: It has a column with names or numbers of people.
        """
        from commlab.disclosure import protect

        key = _digest(frame)
        if key not in self._done:
            self._done[key] = protect(self._nameless(frame), self.small, seen=self._seen)
        return self._done[key].copy()

    def hid(self, values: Iterable[Any]) -> bool:
        """Return whether a cell is hidden in one of the values that have passed."""
        from commlab.disclosure import any_hidden

        return any_hidden(values)

    def _nameless(self, frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        out = frame.copy()
        for column in frame.columns:
            name = str(column).lower()
            if name in NEVER:
                raise ArgumentError(
                    f"the column {column!r} names people or leads to them: pages and share/ may "
                    "be forwarded.",
                    fix="Leave it out, or use ActionList: private/ holds real ids.",
                )
            if name in IDS:
                own = frame[column]
                ids = pseudonyms(own.astype(str), scope=self.scope, kind=IDS[name])
                shown = [
                    new if known else None for new, known in zip(ids, own.notna(), strict=True)
                ]
                out[str(column)] = pd.Series(shown, index=frame.index, dtype="str")
                out = out.rename(columns={column: name.removesuffix("_id")})
        for place, column in enumerate(out.columns):
            if pd.api.types.is_string_dtype(out[column]) or out[column].dtype == object:
                out.isetitem(place, [
                    without_phones(cell) if isinstance(cell, str) else cell for cell in out[column]
                ])  # fmt: skip
        return out

    def estimate(self, figure: Estimate) -> Estimate:
        """Return an estimate, or one that says that too few people are behind it.

        Example:
            >>> Gate(5, "demo").estimate(Estimate(value=0.015, n=200, unit="share"))
            Estimate(refused: common.status.masked)
            >>> Gate(5, "demo").estimate(Estimate.count(3, unit="findings"))
            Estimate(3, n=3, findings, count)
        """
        if not figure.ok or not self._reveals(figure):
            return figure
        n = figure.n if figure.n is not None and figure.n >= self.small else None
        return Estimate.refused(HIDDEN, unit=figure.unit, n=n)

    def _reveals(self, figure: Estimate) -> bool:
        value, n = float(figure.value or 0.0), figure.n
        if figure.unit in _COUNTS:
            return 0 < value < self.small
        if n is None or (figure.method == "count" and figure.unit != "share"):
            return False
        if 0 < n < self.small:
            return True
        if figure.unit != "share" or figure.method.startswith(_DIFFERENCES):
            return False
        # Half a person is room for rounding: 0 and everybody may be shown.
        return any(0.5 <= part < self.small - 0.5 for part in (value * n, (1 - value) * n))

    def entry(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return a figure as `results.json` holds it, for a card on a page."""
        now = Estimate.from_dict(dict(fields))
        shown = self.estimate(now)
        before = fields.get("previous")
        kept = before and self.estimate(Estimate.from_dict(dict(before)))
        out = {**fields, **shown.to_dict()}
        if not (kept and kept.ok and shown.ok):
            out.pop("previous", None)
        return out

    def value(self, value: Any) -> Any:
        """Return what a chart, a table or a sentence is made of, as it may be shown.

        Text, frames and estimates, also those inside lists, mappings and dataclasses; where one
        estimate of a dataclass is hidden, all are, because they are made of one another. Plain
        numbers stay.

        Raises:
            ArgumentError: It is of a kind that cannot be checked, e.g. an array.
        """
        import pandas as pd

        from commlab.quality import Findings
        from commlab.quality.sharing import shareable

        if isinstance(value, str):
            return without_phones(value)
        if isinstance(value, Estimate):
            return self.estimate(value)
        if isinstance(value, pd.DataFrame):
            return self.frame(value)
        if isinstance(value, Mapping):
            return {self.value(name): self.value(item) for name, item in value.items()}
        if type(value) in (list, tuple, set, frozenset):
            return type(value)(self.value(item) for item in value)
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            if value is None or isinstance(value, _PLAIN):
                return value
            raise ArgumentError(
                f"a {type(value).__name__} cannot be checked for small cells and names.",
                fix="Hand over numbers, text, a DataFrame or an Estimate.",
            )
        if isinstance(value, Findings):
            return shareable(value, self.small)
        own = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        figures = {name: item for name, item in own.items() if isinstance(item, Estimate)}
        shown = {name: self.estimate(item) for name, item in figures.items()}
        if any(figures[name].ok and not item.ok for name, item in shown.items()):
            shown = {
                name: Estimate.refused(HIDDEN, unit=item.unit) for name, item in figures.items()
            }
        holding = (str, pd.DataFrame, Mapping, list, tuple, set, frozenset)
        rest = {name: self.value(item) for name, item in own.items() if isinstance(item, holding)}
        return dataclasses.replace(value, **shown, **rest) if shown or rest else value


def _digest(frame: pd.DataFrame) -> bytes:
    import pandas as pd

    rows = pd.util.hash_pandas_object(frame.astype(str), index=False).to_numpy()
    heads = "\x1f".join(f"{name}\x1e{kind}" for name, kind in frame.dtypes.items())
    return hashlib.sha256(heads.encode() + rows.tobytes()).digest()
