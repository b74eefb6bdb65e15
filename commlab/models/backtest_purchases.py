"""Which purchase model would have been right? Fitted at earlier cutoffs, scored on what came.

The log score of the holdout decides between the models: it judges the whole distribution that a
model gives each customer, not only its mean. Three rules of thumb stand beside them; where one
of them misses less (root mean square, the score that a mean is judged by), the report says so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.models._parameter_draws import with_parameters
from commlab.models._scoring import (
    MOST_SCORED,
    by_frequency,
    counts_ahead,
    figures,
    pooled,
    rules_of_thumb,
    sampled,
    track,
)
from commlab.models.backtest_segments import (
    METHOD as SEGMENTS,
    SegmentBacktest,
    segment_backtest,
    without_segments,
)
from commlab.models.bgnbd import BetaGeoModel
from commlab.models.mbgnbd import ModifiedBetaGeoModel
from commlab.models.nbd import NBDModel
from commlab.models.paretonbd import ParetoNBDModel
from commlab.text import Words, word

Array = npt.NDArray[np.float64]
MODELS: Mapping[str, Callable[[], Any]] = {
    "bg": BetaGeoModel, "mbg": ModifiedBetaGeoModel, "pnbd": ParetoNBDModel, "nbd": NBDModel
}  # fmt: skip
BASELINES = ("past_rate", "last_period", "population_mean")
LEVELS = (0.5, 0.8, 0.95)
_PARTS = ("scores", "bins", "coverage", "tracking")
MIN_CUTOFFS = 3


@dataclasses.dataclass(frozen=True)
class PurchaseBacktest:
    """Scores and verdict.

    Attributes:
        scores: A row a cutoff and method: cutoff, method, customers, actual and predicted
            (purchases of all in the horizon), bias (predicted over actual, less 1), mae, rmse,
            log_score (mean log chance of what each customer did; missing for rules of thumb).
        bins: A row a cutoff, method and frequency: customers, actual_mean, predicted_mean.
        coverage: A row a cutoff, model, level and what: "individual" (share of customers inside
            their interval), "total" and "total_fixed" (whether the total is inside, with and
            without the parameters' uncertainty), with low and high of the totals.
        tracking: A row a cutoff, model and week (from the cutoff): actual, predicted, both
            cumulated, and actual_week, predicted_week.
        chosen: The model with the best log score over all cutoffs.
        baseline: The rule of thumb that misses least.
        beaten: Whether that rule misses no more than the chosen model.
        cutoffs: Cutoffs scored.
        refused: Why a model could not be fitted, by cutoff and model; it is then out everywhere.
        by_segment: The chosen model with segments that differ, against itself without; None
            where the history names no segments, or they cannot be compared.
        no_segments: Why not.
    """

    scores: pd.DataFrame
    bins: pd.DataFrame
    coverage: pd.DataFrame
    tracking: pd.DataFrame
    chosen: str
    baseline: str
    beaten: bool
    cutoffs: int
    refused: Mapping[tuple[dt.date, str], str]
    by_segment: SegmentBacktest | None = None
    no_segments: str = ""

    @property
    def reason(self) -> str:
        """What speaks against the models: "ok", "too_few_cutoffs" or "baseline_as_good"."""
        if self.cutoffs < MIN_CUTOFFS:
            return "too_few_cutoffs"
        return "baseline_as_good" if self.beaten else "ok"

    def summary(self) -> pd.DataFrame:
        """Return each method over all cutoffs, best first: models by log score, then rules.

        Returns:
            Frame: method, customers (of all cutoffs together), actual, predicted, bias, mae,
            rmse, log_score, covered50, covered80, covered95 (individuals), chosen (the
            model, or the rule where one was as good). Method
            "segments": the chosen model by segment, where it was tried.
        """
        rows = [self.scores]
        if self.by_segment is not None:
            # Beside the others' log scores stands theirs plus the gain, which was told in pairs.
            plain = self.scores[self.scores["method"] == self.chosen].set_index("cutoff")
            beside = self.by_segment.scores.set_index("cutoff")
            beside["log_score"] = plain["log_score"] + beside["gain"]
            rows.append(beside.reset_index()[self.scores.columns])
        table = pooled(pd.concat(rows, ignore_index=True))
        inside = self.coverage[self.coverage["what"] == "individual"]
        for level in LEVELS:
            own = inside[inside["level"] == level].groupby("method")["covered"].mean()
            name = f"covered{round(100 * level)}"
            if self.by_segment is not None:
                own.loc[SEGMENTS] = self.by_segment.scores[name].mean()
            table[name] = table["method"].map(own)
        used = self.baseline if self.beaten else self.chosen
        return table.assign(chosen=table["method"] == used)

    def latest(self, name: str) -> pd.DataFrame:
        """Return "bins" or "tracking" of the chosen model at the latest cutoff.

        The columns `cutoff` and `method`, the same in all rows, are left out.
        """
        frame = getattr(self, guards.one_of("name", name, ("bins", "tracking")))
        rows = frame[(frame["method"] == self.chosen) & (frame["cutoff"] == frame["cutoff"].max())]
        return rows.drop(columns=["cutoff", "method"]).reset_index(drop=True)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the models that could not be fitted on some cutoff, and so were not compared."""
        return tuple(name for name in MODELS if any(name == model for _, model in self.refused))

    def left_out_words(self) -> Words:
        """Return the names of `left_out`, at least one, for a sentence."""
        names = [word(f"ltv.method.{name}") for name in self.left_out]
        return functools.reduce(lambda rest, one: word("ltv.methods.and", a=rest, b=one), names)

    def words(self) -> dict[str, object]:
        """Return what the sentences about it need: model, baseline, cutoffs, bias."""
        bias = pooled(self.scores).set_index("method")["bias"].to_dict()
        return {
            "model": word(f"ltv.method.{self.chosen}"),
            "baseline": word(f"ltv.method.{self.baseline}"),
            "cutoffs": self.cutoffs,
            "bias": float(bias[self.chosen]),
        }


def purchase_backtest(
    history: Sequence[Any],
    *,
    models: Sequence[str] = tuple(MODELS),
) -> PurchaseBacktest:
    """Score purchase models and rules of thumb at earlier cutoffs.

    Args:
        history: One a cutoff, with `cutoff`, `horizon`, `customers`, `weekly` and, where
            segments are to be told apart, `covariates` (`commlab.metrics.PurchaseHistory`).
        models: Which of "bg", "mbg", "pnbd" and "nbd" (what they become where nobody leaves).

    Raises:
        NotEnoughDataError: No cutoff could be scored; the message says why.
    """
    for name in models:
        guards.one_of("models", name, tuple(MODELS))
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in _PARTS}
    refused: dict[tuple[dt.date, str], str] = {}
    for one in history:
        fitted, rows = {}, without_segments(one)
        for name in models:
            try:
                fitted[name] = MODELS[name]().fit(rows, strict=True)
            except NotEnoughDataError as error:
                refused[one.cutoff, name] = error.what
        if not fitted:
            continue
        for name, found in _cutoff(one, rows, fitted).items():
            parts[name] += found
    if not parts["scores"]:
        why = "; ".join(f"{day.isoformat()}: {what}" for (day, _), what in refused.items())
        raise NotEnoughDataError(f"no cutoff could be scored. {why}", fix="Take a longer period.")
    frames = {name: pd.concat(rows, ignore_index=True) for name, rows in parts.items()}
    # A model that could not be fitted at a cutoff of the others is out: it cannot be compared.
    tried = frames["scores"].groupby("method")["cutoff"].nunique()
    out = [name for name in tried.index if tried[name] < tried.max()]
    for name, frame in frames.items():
        if len(frame):
            frames[name] = frame[~frame["method"].isin(out)].reset_index(drop=True)
    table = pooled(frames["scores"]).set_index("method")
    own = table.loc[[name for name in MODELS if name in table.index]]
    rules = table.loc[[name for name in BASELINES if name in table.index]]
    chosen, baseline = str(own["log_score"].idxmax()), str(rules["rmse"].idxmin())
    beaten = bool(rules["rmse"].min() <= own.loc[chosen, "rmse"])
    cutoffs = int(frames["scores"]["cutoff"].nunique())
    scored = set(frames["scores"]["cutoff"])
    by_segment, why = _by_segment([one for one in history if one.cutoff in scored], chosen)
    return PurchaseBacktest(
        **frames, chosen=chosen, baseline=baseline, beaten=beaten, cutoffs=cutoffs,
        refused=refused, by_segment=by_segment, no_segments=why,
    )  # fmt: skip


def _by_segment(history: Sequence[Any], chosen: str) -> tuple[SegmentBacktest | None, str]:
    if not all(getattr(one, "covariates", ()) for one in history):
        return None, ""
    try:
        return segment_backtest(history, MODELS[chosen]), ""
    except NotEnoughDataError as error:
        return None, error.what


def _cutoff(
    one: Any, rows: pd.DataFrame, fitted: Mapping[str, Any]
) -> dict[str, list[pd.DataFrame]]:
    horizon = float(one.horizon)
    came = rows["holdout"].to_numpy(dtype=float)
    weight = rows["weight"].to_numpy(dtype=float) if "weight" in rows else np.ones(len(rows))
    few = sampled(rows, MOST_SCORED)
    few_weight = few["weight"].to_numpy(dtype=float) if "weight" in few else np.ones(len(few))
    out: dict[str, list[pd.DataFrame]] = {name: [] for name in _PARTS}

    def score(name: str, expected: Array, log_score: float) -> None:
        told = figures(expected, came, weight)
        out["scores"].append(
            pd.DataFrame([{"cutoff": one.cutoff, "method": name, **told,
                           "log_score": log_score}])
        )  # fmt: skip
        bins = by_frequency(rows["frequency"].to_numpy(), expected, came, weight)
        out["bins"].append(bins.assign(cutoff=one.cutoff, method=name))

    for name, model in fitted.items():
        ahead = counts_ahead(model, few, horizon, few["holdout"].to_numpy(dtype=float), LEVELS)
        expected = model.expected_purchases(rows, horizon).to_numpy()
        score(name, expected, float(np.average(ahead.log_chance, weights=few_weight)))
        parameters = _parameter_variance(model, rows, horizon, weight)
        out["coverage"].append(
            _coverage(ahead, few_weight, float(weight.sum()), float(weight @ came),
                      float(weight @ expected), parameters)
            .assign(cutoff=one.cutoff, method=name)
        )  # fmt: skip
        if len(one.weekly):
            tracked = track(model, rows["T"].to_numpy(dtype=float), weight, one.weekly)
            out["tracking"].append(tracked.assign(cutoff=one.cutoff, method=name))
    for name, expected in rules_of_thumb(rows, horizon, weight).items():
        score(name, expected, float("nan"))
    if not out["tracking"]:
        out["tracking"].append(pd.DataFrame())
    return out


def _parameter_variance(model: Any, rows: pd.DataFrame, horizon: float, weight: Array) -> float:
    """Return the variance of the expected total that the parameters bring (delta method)."""
    point, spread = model._maximum.point, model._log_covariance
    held = np.isfinite(np.diag(spread)) & (np.diag(spread) > 0)
    step = np.zeros((2 * int(held.sum()), len(point)))
    # A tenth of a standard error: wide enough for the digits, narrow enough to be straight.
    width = 0.1 * np.sqrt(np.diag(spread)[held])
    for place, index in enumerate(np.flatnonzero(held)):
        step[2 * place, index], step[2 * place + 1, index] = width[place], -width[place]
    totals = [
        float(weight @ at.expected_purchases(rows, horizon).to_numpy())
        for at in with_parameters(model, point + step)
    ]
    slope = (np.array(totals[::2]) - np.array(totals[1::2])) / (2 * width)
    return float(slope @ spread[np.ix_(held, held)] @ slope)


def _coverage(
    ahead: Any, weight: Array, customers: float, actual: float, expected: float,
    parameter_variance: float,
) -> pd.DataFrame:  # fmt: skip
    from scipy import special

    own = float(np.average(ahead.variance, weights=weight)) * customers
    found = []
    for level in LEVELS:
        inside = float(np.average(ahead.inside[level], weights=weight))
        found.append({"level": level, "what": "individual", "covered": inside})
        z = float(special.ndtri((1 + level) / 2))
        for what, variance in (("total", own + parameter_variance), ("total_fixed", own)):
            # Thousands of independent customers: the total is as good as normal.
            low, high = expected - z * variance**0.5, expected + z * variance**0.5
            found.append({"level": level, "what": what, "covered": float(low <= actual <= high),
                          "low": low, "high": high})  # fmt: skip
    return pd.DataFrame(found)
