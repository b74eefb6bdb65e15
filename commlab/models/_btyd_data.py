"""Customers as buy-till-you-die models see them: frequency, recency, T and how many are alike."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.config import MIN_REPEAT_BUYERS
from commlab.errors import DataError, DataWarning, NotEnoughDataError, StatisticalWarning

Array = npt.NDArray[np.float64]
COLUMNS = ("frequency", "recency", "T")
UNIT_ATTR = "time_unit"  # key of `frame.attrs` in which `rfm_summary` notes its time unit
# A whole community rests on one customer when he makes more of the repeat purchases than all
# others together: a reseller, a staff account or a test.
_DOMINANT = 0.5
# Rounding of T and recency in two places may differ in the last digits of a double.
_SLACK = 1e-9
# Weeks against months differ 4.3-fold, days against weeks 7-fold: a smaller ratio can be real.
UNIT_RATIO = 4.0


@dataclasses.dataclass(frozen=True)
class Customers:
    """Checked customers, one a row, or one row for all who are alike.

    Attributes:
        frequency: Repeat purchases x, shape (n,).
        recency: Time of the last purchase since the first, shape (n,).
        T: Time since the first purchase, shape (n,).
        weight: Customers of the row, shape (n,).
    """

    frequency: Array
    recency: Array
    T: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.T)

    @classmethod
    def together(cls, parts: Sequence[Customers]) -> Customers:
        """Return the rows of several, one after another."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())

    @property
    def repeat_buyers(self) -> float:
        """Number of customers with a repeat purchase."""
        return float(self.weight[self.frequency > 0].sum())

    def take(self, rows: npt.NDArray[np.intp], weight: Array | None = None) -> Customers:
        """Return chosen rows, with their weights or others."""
        return Customers(
            self.frequency[rows],
            self.recency[rows],
            self.T[rows],
            self.weight[rows] if weight is None else weight,
        )

    def scaled(self, scale: float) -> Customers:
        """Return the same customers with time counted in units of `scale`."""
        return Customers(self.frequency, self.recency / scale, self.T / scale, self.weight)


def check_customers(rfm: pd.DataFrame) -> Customers:
    """Return the columns of a frame as arrays, or say how many rows contradict themselves.

    Args:
        rfm: Frame with `frequency`, `recency`, `T` and, where rows stand for several customers,
            `weight`.

    Raises:
        DataError: A column is missing, or rows hold what no customer can have done.
    """
    missing = [name for name in COLUMNS if name not in rfm.columns]
    if missing:
        raise DataError(
            f"the frame lacks {', '.join(missing)}.",
            fix="Make it with `cl.metrics.rfm_summary(ds)`, or name its columns so.",
        )
    try:
        x, tx, T = (rfm[name].to_numpy(dtype=float, na_value=np.nan) for name in COLUMNS)
        weight = (
            rfm["weight"].to_numpy(dtype=float, na_value=np.nan)
            if "weight" in rfm.columns
            else np.ones(len(rfm))
        )
    except (TypeError, ValueError):
        raise DataError(
            "frequency, recency, T and weight must be numbers.",
            fix="Convert them with `rfm.astype(float)`; times are spans, not dates.",
        ) from None
    problems: list[str] = []

    def refuse(bad: npt.NDArray[np.bool_], what: str) -> None:
        count = int(np.count_nonzero(bad))
        if count:
            problems.append(f"{count:,} {what}")

    sound = np.isfinite(x + tx + T)
    if not sound.all():
        refuse(~sound, "with a missing or infinite value")
        x, tx, T = (np.where(sound, values, 0.0) for values in (x, tx, T))
    if len(x):
        refuse(x < 0, "with frequency < 0")
        refuse(x != np.floor(x), "with a frequency that is no whole number")
        refuse(tx < 0, "with recency < 0")
        late = tx > T * (1 + _SLACK)
        refuse(late, "with recency > T")
        refuse((x == 0) & (tx > 0), "with recency > 0 although frequency is 0")
        refuse((x > 0) & (tx == 0), "with recency 0 although they bought again")
        refuse(T < 0, "with T < 0")
        refuse(~(np.isfinite(weight) & (weight >= 0)), "with a weight that is no number >= 0")
    if problems:
        raise DataError(f"of {len(x):,} rows: {'; '.join(problems)}.", fix=_advice(x, tx, T))
    return Customers(x, np.minimum(tx, T), T, weight)


def _advice(x: Array, tx: Array, T: Array) -> str:
    again = x > 0
    late = again & (tx > T * (1 + _SLACK))
    if late.sum() > 0.5 * max(again.sum(), 1):
        ratio = float(np.median(tx[late] / np.maximum(T[late], 1e-12)))
        return (
            f"recency is {ratio:.3g} times T at the median: count both in one time unit "
            "(`cl.metrics.rfm_summary(ds, time_unit=...)` does)."
        )
    return (
        "frequency counts purchases after the first one; recency and T count from the first "
        "purchase to the last one and to as_of. Drop or mend these rows."
    )


def check_fit(customers: Customers) -> None:
    """Say why no model can be fitted, and warn of what makes a fit doubtful.

    Raises:
        NotEnoughDataError: Nobody, nobody with a repeat purchase, or no time to observe.
    """
    fix = f"At least {MIN_REPEAT_BUYERS} repeat buyers carry a model: take a longer period."
    count = customers.customers
    if not count:
        raise NotEnoughDataError("there is no customer with a purchase.", fix=fix)
    if not customers.repeat_buyers:
        raise NotEnoughDataError(
            f"none of {count:,.0f} customers bought again: rates cannot be told from dropout.",
            fix=fix,
        )
    new = float(customers.weight[customers.T == 0].sum())
    if new:
        warnings.warn(
            f"{new:,.0f} of {count:,.0f} customers have T = 0 (first purchase on the last day): "
            "they say nothing of repeat buying. Kept; to drop them: rfm[rfm['T'] > 0].",
            DataWarning,
            stacklevel=3,
        )
    purchases = customers.weight * customers.frequency
    # Weights are whole groups: only a row for one customer can be a single dominant one.
    single = customers.weight <= 1
    top = float(customers.frequency[single].max(initial=0))
    if top > _DOMINANT * float(purchases.sum()) and customers.repeat_buyers > 1:
        warnings.warn(
            f"one customer made {top:,.0f} of {purchases.sum():,.0f} repeat purchases: a reseller "
            "or a staff account? Fit again without: rfm[rfm['frequency'] < "
            f"{top:.0f}].",
            StatisticalWarning,
            stacklevel=3,
        )
    again = customers.frequency > 0
    longest, last = float(customers.T.max()), float(customers.recency[again].max())
    if customers.repeat_buyers >= MIN_REPEAT_BUYERS and last * UNIT_RATIO < longest:
        warnings.warn(
            f"nobody of {customers.repeat_buyers:,.0f} repeat buyers bought later than {last:g} "
            f"after his first purchase, though T reaches {longest:g}: are recency and T in one "
            "time unit, and do the orders reach as_of?",
            StatisticalWarning,
            stacklevel=3,
        )


def distinct(customers: Customers) -> Customers:
    """Return one row for all customers who are alike, with their weights added up.

    Those who never bought again, often the half, differ in T alone and are told apart by it.
    """
    again = customers.frequency > 0
    once = ~again
    codes, T_once = pd.factorize(customers.T[once])
    weight_once = np.bincount(codes, weights=customers.weight[once], minlength=len(T_once))
    none = np.zeros(len(T_once))
    x, tx, T, weight = _alike(
        *(
            values[again]
            for values in (customers.frequency, customers.recency, customers.T, customers.weight)
        )
    )
    out = Customers(
        np.concatenate([none, x]),
        np.concatenate([none, tx]),
        np.concatenate([T_once, T]),
        np.concatenate([weight_once, weight]),
    )
    rows = out.weight > 0
    return out if rows.all() else out.take(np.flatnonzero(rows))


def _alike(x: Array, tx: Array, T: Array, weight: Array) -> tuple[Array, Array, Array, Array]:
    x_codes, x_values = pd.factorize(x)
    tx_codes, tx_values = pd.factorize(tx)
    T_codes, T_values = pd.factorize(T)
    # Continuous times of many customers: three codes may not fit into one whole number.
    if float(len(x_values)) * len(tx_values) * len(T_values) >= 2.0**62:
        return x, tx, T, weight
    key = (x_codes.astype(np.int64) * len(T_values) + T_codes) * len(tx_values) + tx_codes
    codes, keys = pd.factorize(key)
    total = np.bincount(codes, weights=weight, minlength=len(keys)).astype(float)
    rest, tx_place = np.divmod(keys, max(len(tx_values), 1))
    x_place, T_place = np.divmod(rest, max(len(T_values), 1))
    return x_values[x_place], tx_values[tx_place], T_values[T_place], total


def systematic(customers: Customers, rows: int) -> Customers:
    """Return about `rows` rows chosen at even steps of the cumulated weight, weights alike."""
    total = np.cumsum(customers.weight)
    steps = (np.arange(rows) + 0.5) * (total[-1] / rows)
    chosen, counts = np.unique(np.searchsorted(total, steps), return_counts=True)
    return customers.take(chosen, counts * (total[-1] / rows))
