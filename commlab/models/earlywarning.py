"""Which groups will die in the next four weeks, and whether that can be foretold at all.

Three ways, from the plainest: the same risk for every group (base rate); whether members were
silent last week; a logistic regression on a few signs. Each learns from weeks whose outcome was
over by the cutoff and is scored on later weeks. The plainest within one standard error of the best
log loss is used (groups as clusters).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models import scores
from commlab.models.groupdeath import dead_weeks

Array = npt.NDArray[np.float64]
HORIZON = 4  # weeks
METHODS = ("base_rate", "silent_week", "signs")
FEATURES = ("log_messages", "trend", "active_share", "staff_gap", "hard_share", "newcomers")
SHOWN = ("log_messages", "trend", "staff_gap", "hard_share")
TESTS = 3  # cutoffs, the least that the kit calls a backtest
SPAN = 8  # weeks between cutoffs: twice the horizon, so that outcomes seldom overlap
EVENTS_A_FEATURE = 2  # with a ridge; below it a regression on six signs is a guess
# One success and one failure more: a risk of 0 would make one death infinitely surprising.
PRIOR = 1.0


@dataclasses.dataclass(frozen=True)
class EarlyWarning:
    """How the ways did, and which one is used.

    Attributes:
        scores: Frame: method, log_loss, low, high, difference (from the best one's), error.
        chosen: The plainest within one standard error of the best.
        now: Frame by group that lives: group_id, risk, silent_week, and the features of `SHOWN`.
        groups: Groups that were tested.
        deaths: Deaths among them.
        tested: Whether there was a later time to test on; else the base rate stands untested.
        said: Rows of the test: group_id, week, dies, and a probability per method.
    """

    scores: pd.DataFrame
    chosen: str
    now: pd.DataFrame
    groups: int
    deaths: int
    tested: bool
    said: pd.DataFrame

    @property
    def verdict(self) -> str:
        """Return "signs" where the regression is used, "silent_week", "base_rate", "untested"."""
        return self.chosen if self.tested else "untested"

    @property
    def expected(self) -> float:
        """Return how many of the groups that live are expected to die within the horizon."""
        return float(self.now["risk"].sum())

    def log_loss(self) -> Estimate:
        """Return the log loss of the way that is used."""
        if not self.tested:
            return Estimate.refused("there was nothing to test on.", unit="nats")
        row = self.scores[self.scores["method"] == self.chosen].iloc[0]
        return Estimate(
            value=row["log_loss"], low=row["low"], high=row["high"], n=self.groups, unit="nats",
            method="mean, groups as clusters",
        )  # fmt: skip


def warning_rows(weeks: pd.DataFrame, *, horizon: int = HORIZON) -> pd.DataFrame:
    """Return the weeks in which a group lived, with its signs and whether it died soon after.

    Args:
        weeks: `metrics.group_weeks`.
        horizon: Weeks ahead.

    Returns:
        Frame: group_id, week, silent_week (no member wrote in it), the features, dies (missing
        where the next `horizon` weeks are not all known; a group that is closed before them
        without having died is left out of the outcome).
    """
    guards.whole("horizon", horizon, low=1)
    rows = dead_weeks(weeks)
    group = rows["group_id"]
    dead = rows["dead"].astype("boolean")
    ahead = [dead.groupby(group).shift(-step) for step in range(1, horizon + 1)]
    any_dead = pd.concat(ahead, axis=1).fillna(False).astype(bool).any(axis=1)
    all_known = pd.concat(ahead, axis=1).notna().all(axis=1)
    # Deaths within the last weeks are seen and lives are not: of these no outcome counts.
    over = rows["week"] <= rows.loc[dead.notna(), "week"].max() - pd.Timedelta(weeks=horizon)
    dies = any_dead.astype("boolean").mask(~(any_dead | all_known) | ~over)
    messages = rows["messages"].fillna(0)
    per_member = np.log1p(messages / rows["members"].clip(lower=1).fillna(1))
    rolled = messages.groupby(group).rolling(4, min_periods=1).mean().to_numpy()
    staff = rows["staff_messages"].fillna(0)
    two = staff.groupby(group).rolling(2, min_periods=1).sum().to_numpy()
    table = pd.DataFrame(
        {
            "group_id": group,
            "week": rows["week"],
            "silent_week": (messages == 0).astype(float),
            "log_messages": per_member,
            "trend": np.log1p(messages) - np.log1p(rolled),
            "active_share": rows["active_share"].fillna(0.0),
            "staff_gap": (two == 0).astype(float),
            "hard_share": rows["staff_hard_share"].fillna(0.0),
            "newcomers": (rows["joined"] / rows["members"].clip(lower=1)).fillna(0.0),
            "dies": dies,
        }
    )
    lives = dead.notna() & ~dead.fillna(True)
    return table[lives.to_numpy()].reset_index(drop=True)


def early_warning(
    rows: pd.DataFrame, *, horizon: int = HORIZON, tests: int = TESTS, seed: int = 0
) -> EarlyWarning:
    """Learn, test on later weeks, and say the risk of every group that lives.

    Args:
        rows: From `warning_rows`.
        horizon: Weeks ahead that the rows look.
        tests: Cutoffs.
        seed: Seed of the regression.

    Raises:
        NotEnoughDataError: No week of a living group has a known outcome.
    """
    known = rows[rows["dies"].notna()].assign(dies=lambda x: x["dies"].astype(int))
    if known.empty:
        raise NotEnoughDataError("no week has the four weeks after it: too short a history.")
    said = _backtest(known, horizon, tests, seed)
    last = rows.loc[rows.groupby("group_id")["week"].idxmax()]
    last = last[last["week"] == rows["week"].max()].reset_index(drop=True)
    table, chosen, tested = _judged(said)
    risk = _predict(chosen, known, last, seed)
    now = last.assign(risk=risk).sort_values(["risk", "group_id"], ascending=[False, True])
    # Shares of members in one week tell of single people: they stay inside.
    names = ["group_id", "risk", "silent_week", *SHOWN]
    return EarlyWarning(
        scores=table,
        chosen=chosen,
        now=now[names].reset_index(drop=True),
        groups=int(said["group_id"].nunique()) if tested else 0,
        deaths=_deaths(said) if tested else _deaths(known),
        tested=tested,
        said=said,
    )


def _deaths(rows: pd.DataFrame) -> int:
    """Return the groups with a week that was followed by death."""
    return int(rows.loc[rows["dies"] == 1, "group_id"].nunique())


def _backtest(known: pd.DataFrame, horizon: int, tests: int, seed: int) -> pd.DataFrame:
    end = known["week"].max()
    parts = []
    for step in range(tests):
        last = end - pd.Timedelta(weeks=step * SPAN)
        cutoff = last - pd.Timedelta(weeks=SPAN)
        # What was learnt from must have been over before the first week that is tested.
        train = known[known["week"] <= cutoff - pd.Timedelta(weeks=horizon)]
        test = known[(known["week"] > cutoff) & (known["week"] <= last)]
        if not len(test) or not train["dies"].any():
            continue
        part = test[["group_id", "week", "dies"]].copy()
        for name in METHODS:
            part[name] = _predict(name, train, test, seed)
        parts.append(part)
    names = ["group_id", "week", "dies", *METHODS]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _predict(name: str, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Array:
    y = train["dies"].to_numpy(dtype=float)
    base = (y.sum() + PRIOR * 0.5) / (len(y) + PRIOR)
    if name == "base_rate":
        return np.full(len(test), base)
    if name == "silent_week":
        risk = np.empty(len(test))
        for value in (0.0, 1.0):
            mine = y[(train["silent_week"] == value).to_numpy()]
            here = (test["silent_week"] == value).to_numpy()
            risk[here] = (mine.sum() + PRIOR * base) / (len(mine) + PRIOR)
        return risk
    return _regression(train, test, y, base, seed)


def _regression(train: pd.DataFrame, test: pd.DataFrame, y: Array, base: float, seed: int) -> Array:
    columns = ["silent_week", *FEATURES]
    if _deaths(train) < EVENTS_A_FEATURE * len(columns):
        return np.full(len(test), base)
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, max_iter=1000, random_state=seed)
    )
    model.fit(train[columns].to_numpy(dtype=float), y)
    return model.predict_proba(test[columns].to_numpy(dtype=float))[:, 1]


_ONE_ERROR = 0.6826894921370859  # level of an interval of one standard error to each side


def _judged(said: pd.DataFrame) -> tuple[pd.DataFrame, str, bool]:
    names = ["method", "log_loss", "low", "high", "difference", "error"]
    if said.empty or said["dies"].nunique() < 2 or said["group_id"].nunique() < 2:
        return pd.DataFrame(columns=names), "base_rate", False
    y, who = said["dies"].to_numpy(dtype=float), said["group_id"]
    losses = {name: scores.log_losses(y, said[name].to_numpy(dtype=float)) for name in METHODS}
    best = min(METHODS, key=lambda name: float(losses[name].mean()))
    found = []
    for name in METHODS:
        loss = scores.mean_estimate(losses[name], clusters=who, unit="nats")
        gap = scores.mean_estimate(
            losses[name] - losses[best], clusters=who, unit="nats", level=_ONE_ERROR
        )
        error = 0.0 if name == best else float(gap.value or 0.0) - float(gap.low or 0.0)
        found.append((name, loss.value, loss.low, loss.high, gap.value, error))
    table = pd.DataFrame(found, columns=names)
    near = table["difference"] <= table["error"] + 1e-12
    return table, str(table.loc[near, "method"].iloc[0]), True
