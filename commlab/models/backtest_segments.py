"""Does a model whose segments differ foretell later purchases better than one for all?

Both are fitted to what was known at earlier cutoffs and scored on what each buyer did after it.
The gain is the mean difference of their log scores, buyer by buyer: what is common to both (the
season, a festival) falls out of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.errors import ArgumentError, CommlabWarning, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models import _covariate_levels as _levels
from commlab.models._scoring import MOST_FITTED, MOST_SCORED, counts_ahead, figures, sampled
from commlab.models.staticcovariates import StaticCovariateModel
from commlab.stats import quantile

Array = npt.NDArray[np.float64]
METHOD = "segments"


@dataclasses.dataclass(frozen=True)
class SegmentBacktest:
    """What telling segments apart adds on earlier days.

    Attributes:
        scores: A row a cutoff, as `PurchaseBacktest.scores`, method "segments", with `gain`, and
            covered50, covered80 and covered95 of individuals. Log scores, gain and coverage are
            of 50,000 buyers drawn at random where there are more.
        gain: Log score of a buyer with segments less that without, over all cutoffs. Buyers are
            in several cutoffs: the interval takes them for the same answer asked again.
        covariates: What tells segments apart.
        left_out: Why a covariate is not among them.
    """

    scores: pd.DataFrame
    gain: Estimate
    covariates: tuple[str, ...]
    left_out: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """One of "better", "worse" and "alike" (by no more than chance)."""
        low, high = self.gain.low or 0.0, self.gain.high or 0.0
        return "better" if low > 0 else "worse" if high < 0 else "alike"


def segment_backtest(
    history: Sequence[Any], make: Callable[[], Any], *, level: float = LEVEL
) -> SegmentBacktest:
    """Score a purchase model with static covariates against itself without.

    Args:
        history: One a cutoff, with `cutoff`, `horizon`, `customers` and `covariates`
            (`commlab.metrics.PurchaseHistory`).
        make: Makes the model, not fitted.
        level: Level of the interval of the gain.

    Raises:
        NotEnoughDataError: No covariate has two levels at every cutoff, or the model by segment
            could not be fitted at one of them; the message says why.
    """
    names, left_out = usable_covariates(
        [one.customers for one in history], history[0].covariates if history else ()
    )
    if not names:
        why = "; ".join(left_out.values())
        raise NotEnoughDataError(f"there are no segments to tell apart. {why}".strip())
    rows, gains, errors, sizes = [], [], [], []
    for one in history:
        scored = _score(one, make, names)
        rows.append(scored.row)
        gains.append(scored.gain)
        errors.append(scored.error)
        sizes.append(scored.customers)
    share = np.array(sizes) / sum(sizes)
    gain = float(share @ gains)
    # Who is asked at every cutoff answers alike each time: errors add up, they do not cancel.
    reach = quantile(level) * float(share @ errors)
    return SegmentBacktest(
        scores=pd.DataFrame(rows),
        gain=Estimate(
            value=gain, low=gain - reach, high=gain + reach, level=level, n=round(sum(sizes)),
            unit="ratio", method="mean difference of log scores, paired",
        ),
        covariates=names,
        left_out=left_out,
    )  # fmt: skip


def without_segments(one: Any) -> pd.DataFrame:
    """Return the customers of a cutoff, those alike but for their segments in one row."""
    names = list(getattr(one, "covariates", ()))
    if not names:
        return one.customers
    if "weight" not in one.customers:
        return one.customers.drop(columns=names)
    key = [name for name in one.customers.columns if name not in (*names, "weight")]
    rows = one.customers.groupby(key, as_index=False)["weight"].sum()
    rows.attrs.update(one.customers.attrs)
    return rows


def usable_covariates(
    frames: Sequence[pd.DataFrame], covariates: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the covariates that can be compared in every frame, and why the others cannot."""
    kept: list[str] = []
    left_out: dict[str, str] = {}
    for name in covariates:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CommlabWarning)
                for frame in frames:
                    _levels.learn(_levels.labels(frame, [*kept, name]), [*kept, name])
        except (NotEnoughDataError, ArgumentError) as error:
            left_out[name] = error.what
        else:
            kept.append(name)
    return tuple(kept), left_out


@dataclasses.dataclass(frozen=True)
class _Scored:
    row: dict[str, Any]
    gain: float
    error: float
    customers: float


def _score(one: Any, make: Callable[[], Any], names: tuple[str, ...]) -> _Scored:
    cutoff: dt.date = one.cutoff
    everybody = one.customers
    rows = sampled(everybody, MOST_FITTED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CommlabWarning)  # the plain models gave them already
            model = StaticCovariateModel(make(), names).fit(rows, strict=True)
    except NotEnoughDataError as why:
        raise NotEnoughDataError(f"{cutoff.isoformat()}: {why.what}") from why
    horizon = float(one.horizon)
    rows = sampled(everybody, MOST_SCORED)
    weight = rows["weight"].to_numpy(dtype=float) if "weight" in rows else np.ones(len(rows))
    came = rows["holdout"].to_numpy(dtype=float)
    levels = (0.5, 0.8, 0.95)
    ahead = counts_ahead(model, rows, horizon, came, levels)
    plain = counts_ahead(model.pooled_, rows, horizon, came, ())
    more = ahead.log_chance - plain.log_chance
    gain = float(np.average(more, weights=weight))
    # A row stands for `weight` buyers of the same past and future: each counts as one.
    error = float(np.sqrt(weight @ (more - gain) ** 2)) / float(weight.sum())
    expected = model.expected_purchases(everybody, horizon).to_numpy()
    size = (
        everybody["weight"].to_numpy(dtype=np.float64)
        if "weight" in everybody
        else np.ones(len(everybody))
    )
    row = {
        "cutoff": cutoff,
        "method": METHOD,
        **figures(expected, everybody["holdout"].to_numpy(dtype=float), size),
        "log_score": float(np.average(ahead.log_chance, weights=weight)),
        "gain": gain,
        **{
            f"covered{round(100 * at)}": float(np.average(ahead.inside[at], weights=weight))
            for at in levels
        },
    }
    return _Scored(row, gain, error, float(size.sum()))
