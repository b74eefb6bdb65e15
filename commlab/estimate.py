"""`Estimate`: how every number travels, with its interval and the people behind it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from commlab import guards
from commlab.errors import ArgumentError

LEVEL = 0.95  # the level that readers of reports know
STATUSES = ("ok", "too_few", "refused")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """One figure with its interval, or the reason why there is none.

    Attributes:
        value: Point estimate in `unit`; None unless `status` is "ok".
        low: Lower end of the interval; None where no interval applies (a count of everybody).
        high: Upper end of the interval.
        level: Confidence level of the interval.
        n: Number of people (or orders, groups: see `unit` and `method`) behind the figure.
        unit: What `value` counts: "share", "members", "money", "orders", "days", "ratio", …
        method: How the interval was made, e.g. "Wilson", "Kaplan-Meier", "count".
        status: "ok"; "too_few" (below the minimum); "refused" (the data cannot carry it).
        reason: Why there is no figure, or a caveat that belongs beside it.

    Example:
        >>> Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share", method="Wilson")
        Estimate(0.44, 0.41–0.47, n=1,054, share, Wilson)
        >>> Estimate.too_few(12, unit="share", minimum=30)
        Estimate(too few: 12 < 30, share)
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = LEVEL
    n: int | None = None
    unit: str
    method: str = ""
    status: str = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        guards.one_of("status", self.status, STATUSES)
        guards.in_range("level", self.level, low=0, high=1, open_low=True, open_high=True)
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None:
                number = float(number)
                if not math.isfinite(number):
                    raise ArgumentError(
                        f"{name} == {number!r}, must be finite.",
                        fix="Use Estimate.refused(reason) for a figure that does not exist.",
                    )
                object.__setattr__(self, name, number)
        if self.n is not None:
            object.__setattr__(self, "n", int(self.n))
        if (self.status == "ok") != (self.value is not None):
            raise ArgumentError(f"status == {self.status!r} does not go with value {self.value!r}.")
        if (self.low is None) != (self.high is None):
            raise ArgumentError("low and high must be given together.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ArgumentError(f"low == {self.low!r}, must be <= high == {self.high!r}.")

    @classmethod
    def too_few(cls, n: int, *, unit: str, minimum: int) -> Estimate:
        """Return an estimate that says there are too few people to judge."""
        return cls(value=None, n=n, unit=unit, status="too_few", reason=f"{n} < {minimum}")

    @classmethod
    def refused(cls, reason: str, *, unit: str, n: int | None = None) -> Estimate:
        """Return an estimate that says why the data cannot carry a number."""
        return cls(value=None, n=n, unit=unit, status="refused", reason=reason)

    @classmethod
    def count(cls, value: float, *, unit: str, n: int | None = None) -> Estimate:
        """Return a full count or sum: no sampling, so no interval."""
        return cls(value=value, n=int(value) if n is None else n, unit=unit, method="count")

    @property
    def ok(self) -> bool:
        """Whether there is a figure to show."""
        return self.status == "ok"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, floats at 10 significant digits."""
        fields = dataclasses.asdict(self)
        for name in ("value", "low", "high"):
            if fields[name] is not None:
                fields[name] = float(f"{fields[name]:.10g}")
        return fields

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Estimate:
        """Return the estimate that `to_dict` wrote; unknown fields are ignored."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in fields.items() if name in names})

    def __repr__(self) -> str:
        if self.status == "too_few":
            return f"Estimate(too few: {self.reason}, {self.unit})"
        if self.status == "refused":
            return f"Estimate(refused: {self.reason})"
        parts = [f"{self.value:.6g}"]
        if self.low is not None:
            parts.append(f"{self.low:.6g}–{self.high:.6g}")
        if self.n is not None:
            parts.append(f"n={self.n:,}")
        return (
            f"Estimate({', '.join([*parts, self.unit, *([self.method] if self.method else [])])})"
        )
