"""What members say of the brand: net promoter score and satisfaction by wave, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy import stats as distributions

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

PROMOTER, DETRACTOR = 9, 6  # answers of 0 to 10 (Reichheld 2003): 9 and 10, and 6 and below
QUESTIONS = ("nps", "satisfaction")


def opinion(ds: Dataset, *, level: float = LEVEL, min_at_risk: int | None = None) -> pd.DataFrame:
    """Return the scores of each wave, of members and of others.

    Args:
        ds: The dataset, with surveys.
        level: Confidence level.
        min_at_risk: Fewer respondents are "too_few"; default from the settings.

    Returns:
        Frame by question ("nps" in points from −100 to 100, "satisfaction" as a mean), wave and
        side ("members", "others"): question, wave, from_day (first day of the wave), side, people
        (respondents), score, low, high (weighted; respondents are the units), change (since the
        wave before of the same question and side), p, p_adjusted (Benjamini–Hochberg over all
        changes), flagged, status. A respondent who answered twice in a wave counts once, with
        the mean.

    Raises:
        MissingTableError: There are no surveys.
        NotEnoughDataError: Neither question was asked.
    """
    least = minimum(ds, min_at_risk)
    s = ds.table("surveys")
    s = s.filter(s.question.isin(QUESTIONS), s.score.notnull())
    s = s.mutate(
        side=s.member_id.notnull().ifelse("members", "others"),
        weight=s.weight.fill_null(1.0),
        value=ibis.cases(
            (s.question != "nps", s.score),
            (s.score >= PROMOTER, 100.0),
            (s.score <= DETRACTOR, -100.0),
            else_=0.0,
        ),
    )
    s = s.filter(s.weight > 0)
    one = s.group_by("question", "wave", "side", "respondent_id").agg(
        value=s.value.mean(), weight=s.weight.mean(), at=s["at"].min()
    )
    x, y = one.weight, one.weight * one.value
    keys = ["question", "wave", "side"]
    sums = ds.frame(
        one.group_by(keys).agg(
            people=one.count(), x=x.sum(), y=y.sum(), xx=(x * x).sum(), yy=(y * y).sum(),
            xy=(x * y).sum(), from_day=one["at"].min(),
        ),
        keys,
    )  # fmt: skip
    if sums.empty:
        raise NotEnoughDataError("no survey asks for nps or satisfaction.")
    n = sums["people"].to_numpy(dtype=float)
    score, low, high = stats.ratio_interval(
        n, sums["y"], sums["x"], sums["yy"], sums["xx"], sums["xy"], level=level
    )
    frame = sums[keys].assign(
        from_day=sums["from_day"].dt.normalize(), people=sums["people"].astype("int64"),
        score=score, low=low, high=high,
    )  # fmt: skip
    few = (frame["people"] < least).to_numpy()
    frame.loc[few, ["score", "low", "high"]] = np.nan
    frame["status"] = np.where(few, "too_few", "ok")
    frame = frame.sort_values(["question", "side", "from_day", "wave"], kind="stable")
    frame = frame.reset_index(drop=True)
    return _changes(frame, level)


def _changes(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add the change since the wave before, with its test (samples of waves are independent)."""
    z = distributions.t.ppf(0.5 + level / 2, np.maximum(frame["people"] - 1, 1))
    error = (frame["high"] - frame["low"]) / 2 / z
    by = frame.groupby(["question", "side"])
    change = by["score"].diff()
    both = np.hypot(error, error.groupby([frame["question"], frame["side"]]).shift())
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * distributions.norm.sf(np.abs(change / both))
    frame = frame.assign(change=change, p=p)
    frame["p_adjusted"] = stats.benjamini_hochberg(p)
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return frame


def opinion_estimate(frame: pd.DataFrame, question: str = "nps", back: int = 0) -> Estimate:
    """Return the score of members in the last wave, or `back` waves before.

    Args:
        frame: From `opinion`.
        question: "nps" or "satisfaction".
        back: 0 for the last wave.

    Raises:
        NotEnoughDataError: There is no such wave.
    """
    rows = frame[(frame["question"] == question) & (frame["side"] == "members")]
    if len(rows) <= back:
        raise NotEnoughDataError(f"no wave of surveys asks members for {question}.")
    row = rows.iloc[-1 - back]
    n = int(row["people"])
    if row["status"] != "ok":
        return Estimate(value=None, n=n, unit="nps", status="too_few", reason=f"{n} respondents")
    return Estimate(
        value=float(row["score"]), low=float(row["low"]), high=float(row["high"]), n=n,
        unit="nps", method="weighted mean, respondents as units",
    )  # fmt: skip
