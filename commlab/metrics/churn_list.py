"""Whom to turn to before they are gone, for each adviser, the dearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import departures
from commlab.stats import quantile
from commlab.text import t

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Floats = npt.NDArray[np.float64]

ACTIONS = ("coupon", "content")
# Signs of life in the last 30 days, of the tables that are there.
SIGNS = ("message_days_30", "interest_days_30", "check_in_days_30")
COLUMNS = (
    "member_id", "adviser_id", "risk", "value_at_risk", "last_order_on", "action", "action_zh",
)  # fmt: skip


def past_pace(rows: pd.DataFrame, horizon: int) -> pd.Series:
    """Return what each person would spend in a horizon at the pace so far, in currency units.

    Net spend so far by the days since the first order, a horizon at least: whoever came
    yesterday has no pace yet.

    Args:
        rows: What `churn_rows` returned.
        horizon: Days ahead.
    """
    days = rows["days_since_first"].clip(lower=horizon)
    return (rows["spent_count"] * horizon / days).rename("pace")


def churn_actions(rows: pd.DataFrame) -> pd.Series:
    """Return what to offer: a coupon or trial to who still takes part, content to who does not.

    Whoever wrote, clicked or checked in within 30 days hears the brand and lacks a reason to buy;
    whoever did none of it must first be won back to the group. Without such tables, whoever
    ordered within 90 days counts as taking part.

    Args:
        rows: What `churn_rows` returned.
    """
    signs = [name for name in SIGNS if name in rows]
    alive = rows[signs].sum(axis=1) > 0 if signs else rows["orders_90"] > 0
    return pd.Series(np.where(alive, *ACTIONS), index=rows.index, name="action")


def churn_list(
    ds: Dataset,
    rows: pd.DataFrame,
    risk: pd.Series,
    horizon: int,
    *,
    budget: float = 0.2,
) -> pd.DataFrame:
    """Return the people to turn to, by value at risk: risk times what the horizon would bring.

    Whoever has left every group and friend list cannot be reached and is left out.

    Args:
        ds: The dataset.
        rows: Rows of `as_of`, from `churn_rows`.
        risk: Probability of not coming back, by row.
        horizon: Days ahead.
        budget: Share of the reachable people that the list holds, above 0 up to 1.

    Returns:
        Frame with the columns of the list `churn` but its reasons (`models.with_reasons` adds
        them); real ids: for `private/` only.

    Raises:
        ArgumentError: Risks do not go with the rows.
    """
    guards.in_range("budget", budget, low=0, high=1, open_low=True)
    if len(rows) != len(risk):
        raise ArgumentError(f"{len(rows):,} rows and {len(risk):,} risks: must be as many.")
    frame = rows.reset_index(drop=True).assign(risk=risk.to_numpy())
    frame["value_at_risk"] = (frame["risk"] * past_pace(frame, horizon)).round(2)
    frame["code"] = churn_actions(frame)
    frame = frame[frame["member_id"].isin(_reachable(ds, frame))]
    order = ["value_at_risk", "risk", "member_id"]
    frame = frame.sort_values(order, ascending=[False, False, True], ignore_index=True)
    frame = frame.head(int(np.ceil(budget * len(frame))))
    for suffix, lang in (("", "en"), ("_zh", "zh")):
        words = {code: t(f"churn.layer.{code}", lang) for code in ACTIONS}
        frame[f"action{suffix}"] = frame["code"].map(words)
    days = pd.to_timedelta(frame["days_since_order"], unit="D")
    frame["last_order_on"] = (pd.Timestamp(ds.as_of) - days).dt.date
    frame["adviser_id"] = frame["member_id"].map(_advisers(ds))
    return frame[list(COLUMNS)].assign(risk=frame["risk"].round(4))


def churn_layers(rows: pd.DataFrame, risk: pd.Series, horizon: int) -> pd.DataFrame:
    """Return people, risk and value at risk by what to offer them.

    Args:
        rows: Rows of `as_of`, from `churn_rows`.
        risk: Probability of not coming back, by row.
        horizon: Days ahead.

    Returns:
        Frame: action, people, rate (mean risk), value_at_risk (currency units), most first.
    """
    frame = pd.DataFrame({"action": churn_actions(rows), "risk": risk,
                          "value": risk * past_pace(rows, horizon)})  # fmt: skip
    table = frame.groupby("action").agg(
        people=("risk", "size"), rate=("risk", "mean"), value_at_risk=("value", "sum")
    )
    return table.sort_values("value_at_risk", ascending=False).reset_index()


def value_at_risk(rows: pd.DataFrame, risk: pd.Series, horizon: int) -> Estimate:
    """Return what those who will not come back would have brought at their past pace.

    The interval is what chance alone makes of it if the risks are right and people independent;
    it does not hold the error of the pace.

    Args:
        rows: What `churn_rows` returned.
        risk: Probability of not coming back, by row.
        horizon: Days ahead.
    """
    return _at_risk(past_pace(rows, horizon).to_numpy(), risk.to_numpy())


def listed_value(listed: pd.DataFrame) -> Estimate:
    """Return the value at risk of a list, as `value_at_risk` has it.

    Args:
        listed: What `churn_list` returned.
    """
    risk = listed["risk"].to_numpy()
    return _at_risk(listed["value_at_risk"].to_numpy() / risk, risk)


def _at_risk(pace: Floats, p: Floats) -> Estimate:
    total = float((p * pace).sum())
    half = quantile(LEVEL) * float(np.sqrt((pace**2 * p * (1 - p)).sum()))
    return Estimate(
        value=total, low=max(0.0, total - half), high=total + half, n=len(p), unit="money",
        method="risk × past pace, chance only",
    )  # fmt: skip


def _reachable(ds: Dataset, frame: pd.DataFrame) -> pd.Series:
    gone = departures.absences(ds)
    if gone is None:
        return frame["member_id"]
    away = ds.frame(gone.filter(gone.gone_until.isnull()).select("member_id").distinct())
    return frame.loc[~frame["member_id"].isin(away["member_id"]), "member_id"]


def _advisers(ds: Dataset) -> pd.Series:
    if not ds.has("members"):
        return pd.Series(dtype=object)
    people = ds.people()
    known = ds.frame(people.filter(people.adviser_id.notnull()).select("member_id", "adviser_id"))
    return known.set_index("member_id")["adviser_id"]
