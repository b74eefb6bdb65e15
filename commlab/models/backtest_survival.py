"""Would the projection have been right? Fitted at earlier cutoffs, scored on what came later.

At each cutoff the curve is fitted to what was known then; of those there at the last age used,
the methods say what share stays `horizon` days more; the same stays as known now say what
happened. The projection is usable only if it beats both baselines (one constant share
leaving; the last share seen carried on) and its intervals hold what happened.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.curves import Curve, fit_curves
from commlab.models.kaplan_meier import critical, greenwood, influence
from commlab.models.projection import DRAWS, METHODS, ratios, to_periods
from commlab.models.sbg import check_counts

Array = npt.NDArray[np.float64]
MIN_CUTOFFS = 3
# More than a curve needs: what happened must itself be known well enough to judge by.
MIN_AT_RISK = 100
COLUMNS = (
    "cutoff", "horizon", "method", "predicted", "actual", "low", "high", "covered", "from_day",
    "at_risk",
)  # fmt: skip
REASONS = ("ok", "too_few_cutoffs", "baseline_as_good", "intervals_miss")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the backtest allows.

    Attributes:
        usable: Whether the sBG projection may be shown: it beat both baselines and covered.
        method: What to project with: "sbg", else the best baseline whose intervals cover, else
            "" (no projection).
        reason: One of `REASONS`; a baseline is "as good" when its mean error is no larger.
        cutoffs: Number of cutoffs that could be scored.
        errors: Mean absolute error of each method, in share of those at the start.
        coverage: Share of what happened that each method's intervals hold.
        refused: Why cutoffs could not be scored, by cutoff.
    """

    usable: bool
    method: str
    reason: str
    cutoffs: int
    errors: Mapping[str, float]
    coverage: Mapping[str, float]
    refused: Mapping[dt.date, str]


@dataclasses.dataclass(frozen=True)
class Backtest:
    """Scores and verdict.

    Attributes:
        frame: cutoff, horizon (days), method, predicted (share of those there at `from_day` who
            stay `horizon` days more), actual, low, high (prediction interval of actual),
            covered, from_day, at_risk (stays behind `actual` at `from_day`).
        verdict: What follows.
    """

    frame: pd.DataFrame
    verdict: Verdict

    def to_frame(self) -> pd.DataFrame:
        """Return the scores."""
        return self.frame.copy()

    def beside_baseline(self, step: int = 7) -> pd.DataFrame:
        """Return the sBG projection beside the better baseline, as the chart takes them.

        Returns:
            Frame: cohort (the cutoff), period (steps after it; 0: those who were there),
            actual, predicted, low, high, baseline, at_risk, fitted (True for period 0).
        """
        if self.frame.empty:
            raise NotEnoughDataError("no cutoff could be scored, so there is nothing to compare.")
        errors = {name: x for name, x in self.verdict.errors.items() if name != "sbg"}
        rows = self.frame[self.frame["method"] == "sbg"]
        other = self.frame[self.frame["method"] == min(errors, key=lambda name: errors[name])]
        other = other[["cutoff", "horizon", "predicted"]].rename(columns={"predicted": "baseline"})
        rows = rows.merge(other, on=["cutoff", "horizon"], validate="one_to_one")
        rows = rows.assign(period=rows["horizon"] // step, fitted=False)
        zero = rows.drop_duplicates("cutoff").assign(period=0, fitted=True)
        zero = zero.assign(**dict.fromkeys(("actual", "predicted", "low", "high", "baseline"), 1.0))
        both = pd.concat([zero, rows]).rename(columns={"cutoff": "cohort"})
        both = both.sort_values(["cohort", "period"], kind="stable").reset_index(drop=True)
        return both[
            ["cohort", "period", "actual", "predicted", "low", "high", "baseline", "at_risk",
             "fitted"]
        ]  # fmt: skip


def backtest(
    history: Mapping[dt.date, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    horizons: Sequence[int] = (28, 56, 84),
    step: int = 7,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
    draws: int = DRAWS,
    seed: int = 0,
) -> Backtest:
    """Score projections at earlier cutoffs.

    Args:
        history: For each cutoff the rows of stays as known then, and the same stays as known
            now (`commlab.metrics.survival.history`), one segment.
        horizons: Days ahead, multiples of `step`.
        step: Days in a period of the model.
        level: Level of the prediction intervals.
        min_at_risk: Stays needed under observation, then and now.
        draws: Resampled curves for the intervals.
        seed: Seed of the resampling.

    Returns:
        Scores by cutoff, horizon and method, and the verdict. Cutoffs without enough data are
        in `verdict.refused` with the reason.
    """
    ahead = [guards.whole("horizon", int(days), low=1) for days in horizons]
    if any(days % step for days in ahead):
        raise ArgumentError(f"horizons == {tuple(ahead)}, must be multiples of step == {step}.")
    parts: list[pd.DataFrame] = []
    refused: dict[dt.date, str] = {}
    options = {"level": level, "min_at_risk": min_at_risk, "draws": draws, "seed": seed}
    for cutoff in sorted(history):
        then, now = history[cutoff]
        try:
            parts.append(_score(cutoff, then, now, ahead, step, options))
        except NotEnoughDataError as error:
            refused[cutoff] = str(error)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return Backtest(frame, judge(frame, level=level, refused=refused))


def _score(
    cutoff: dt.date,
    then: pd.DataFrame,
    now: pd.DataFrame,
    ahead: Sequence[int],
    step: int,
    options: Mapping[str, float],
) -> pd.DataFrame:
    known, later = _single(then, options), _single(now, options)
    used = to_periods(known, step, draws=int(options["draws"]), seed=int(options["seed"]))
    # The start is put so that what happened is known for the longest horizon; ages beyond it
    # are hidden from the fit although some were seen by then.
    reach = int(later.days[-1]) - max(ahead)
    shown = used.age * step <= reach
    if not shown.any() or later.days[0] > used.age[shown][-1] * step:
        raise NotEnoughDataError(
            f"of the stays known then, enough have been followed to day {later.days[-1]} since: "
            f"too short to hold out {max(ahead)} days."
        )
    age, lost, at_risk = used.age[shown], used.lost[shown], used.at_risk[shown]
    check_counts(used.counts()[shown])
    day = int(age[-1]) * step
    generator = np.random.default_rng(int(options["seed"]))
    noise = generator.standard_normal(len(used.draws_lost))
    level, periods = float(options["level"]), max(ahead) // step
    rows = []
    for method in METHODS:
        point = ratios(method, lost[None, :], at_risk, age, periods)[0]
        drawn = ratios(method, used.draws_lost[:, shown], at_risk, age, periods)
        for days in ahead:
            actual, error, people = _happened(later, day, days)
            place = days // step - 1
            lines = np.minimum(drawn[:, place] * np.exp(error * noise), 1.0)
            low, high = np.quantile(lines, [(1 - level) / 2, (1 + level) / 2])
            covered = bool(low <= actual <= high)
            rows.append(
                (cutoff, days, method, float(point[place]), actual, low, high, covered, day, people)
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _single(rows: pd.DataFrame, options: Mapping[str, float]) -> Curve:
    curves = fit_curves(rows, **options)  # type: ignore[arg-type]
    if len(curves) > 1:
        raise ArgumentError(f"the rows hold {len(curves)} segments, a backtest takes one.")
    return next(iter(curves.values()))


def _happened(curve: Curve, day: int, ahead: int) -> tuple[float, float, float]:
    """Share of those there at `day` who stayed, standard error of its log, stays at risk."""
    first = int(np.searchsorted(curve.days, day))
    last = int(np.searchsorted(curve.days, day + ahead))
    if curve.survival[last] <= 0:
        raise NotEnoughDataError(f"nobody was left {ahead} days after day {day}.")
    actual = float(curve.survival[last] / curve.survival[first])
    at_risk = float(curve.sets.total_at_risk[first])
    if curve.draws is not None:
        ends = np.maximum(curve.draws[:, [first, last]], 1e-12)
        return actual, float(np.log(ends[:, 1] / ends[:, 0]).std()), at_risk
    sets = curve.sets.cut(first, last)
    variance = float(greenwood(sets).sum())
    _, factor = critical(sets, curve.level)
    if factor:
        variance = max(variance, factor * float((influence(sets).sum(axis=1) ** 2).sum()))
    return actual, variance**0.5, at_risk


def judge(
    frame: pd.DataFrame,
    *,
    level: float = LEVEL,
    refused: Mapping[dt.date, str] | None = None,
) -> Verdict:
    """Return what the scores allow.

    Intervals cover if the share held is at least what 95 of 100 honest methods would reach with
    one independent trial a cutoff (horizons of one cutoff stand and fall together).

    Args:
        frame: Scores, as in `Backtest.frame`.
        level: Level of the intervals.
        refused: Why other cutoffs could not be scored.
    """
    cutoffs = int(frame["cutoff"].nunique())
    errors = {
        method: float((part["predicted"] - part["actual"]).astype(float).abs().mean())
        for method, part in frame.groupby("method", sort=False)
    }
    coverage = {
        method: float(part["covered"].astype(float).mean())
        for method, part in frame.groupby("method", sort=False)
    }
    common = {
        "cutoffs": cutoffs, "errors": errors, "coverage": coverage, "refused": dict(refused or {}),
    }  # fmt: skip
    if cutoffs < MIN_CUTOFFS:
        return Verdict(usable=False, method="", reason="too_few_cutoffs", **common)  # type: ignore[arg-type]
    least = float(distributions.binom.ppf(0.05, cutoffs, level)) / cutoffs
    covers = {method for method, share in coverage.items() if share >= least}
    baselines = [method for method in METHODS if method != "sbg"]
    best = min(baselines, key=lambda method: errors[method])
    if errors["sbg"] < errors[best] and "sbg" in covers:
        return Verdict(usable=True, method="sbg", reason="ok", **common)  # type: ignore[arg-type]
    fallback = [method for method in baselines if method in covers]
    method = min(fallback, key=lambda name: errors[name]) if fallback else ""
    reason = "baseline_as_good" if errors["sbg"] >= errors[best] else "intervals_miss"
    return Verdict(usable=False, method=method, reason=reason, **common)  # type: ignore[arg-type]
