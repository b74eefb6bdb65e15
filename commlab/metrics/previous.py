"""The same figure four weeks earlier, from what was known then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 28  # back: whole weeks, so that both days fall on the same weekday
Figure = TypeVar("Figure")


def known_then(ds: Dataset, days: int) -> Dataset:
    """Return the dataset as it was known some days earlier.

    Args:
        ds: The dataset.
        days: How many days earlier.

    Raises:
        NotEnoughDataError: The data had not begun then.
    """
    guards.whole("days", days, low=1)
    try:
        return ds.at(ds.as_of - dt.timedelta(days=days))
    except ArgumentError as error:
        raise NotEnoughDataError(error.what) from None


def figure_before(
    ds: Dataset, compute: Callable[..., Figure], *, days: int = DAYS, **arguments: Any
) -> Figure | None:
    """Return what a computation gives on the data as they were known some days earlier.

    Most people are in both figures, so a change between them is surer than two independent
    figures would let it be: "could be chance" errs on the careful side.

    Args:
        ds: The dataset, with orders.
        compute: The computation: it takes a dataset first.
        days: How many days earlier.
        **arguments: What it takes besides.

    Returns:
        Its result; None where the orders had not begun then, or were too few for it.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.figure_before(ds, cl.models.bought_again)  # doctest: +SKIP
    """
    guards.whole("days", days, low=1)
    day = ds.as_of - dt.timedelta(days=days)
    orders = ds.table("orders")
    first = ds.frame(orders.agg(first=orders.paid_at.min()))["first"].iloc[0]
    if pd.isna(first) or first.date() > day:
        return None
    try:
        return compute(ds.at(day), **arguments)
    except NotEnoughDataError:
        return None
