"""How the ways to say who will not come back did on what came later, and which one is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models import scores
from commlab.models.churn import BTYD, LEARNT, METHODS, ChurnModel, check_rows
from commlab.text import word

SCORES = ("log_loss", "brier", "auc", "average_precision", "lift")


@dataclasses.dataclass(frozen=True)
class Fold:
    """Rows of three cutoffs in the order of time, each with labels that were over by the next.

    Attributes:
        train: Rows to learn from: features, `churned`, `member_id`.
        calibrate: Rows of a later cutoff.
        test: Rows of a still later one; `churned` may be absent when there is nothing to test.
        name: What the fold is called, e.g. its test cutoff.
    """

    train: pd.DataFrame
    calibrate: pd.DataFrame
    test: pd.DataFrame
    name: str = ""


@dataclasses.dataclass(frozen=True)
class ChurnBacktest:
    """How the methods did at cutoffs that came after what they had learnt from.

    Attributes:
        said: One row a person and fold: fold, member_id, churned, and a probability per method.
        scores: Frame by method: method, score (log_loss, brier, auc, average_precision, lift),
            value, low, high, people, status.
        differences: Frame by method: method, difference (of its log loss from the best one's),
            low, high, error (standard error, persons as clusters).
        best: Method with the least log loss.
        chosen: Simplest method within one standard error of the best.
    """

    said: pd.DataFrame
    scores: pd.DataFrame
    differences: pd.DataFrame
    best: str
    chosen: str
    _found: Mapping[str, Mapping[str, Estimate]]

    @property
    def beats_baselines(self) -> bool:
        """Whether what was chosen is more than a baseline."""
        return self.chosen in LEARNT

    @property
    def verdict(self) -> str:
        """Return "learnt" where what was chosen is more than a baseline, else "baseline"."""
        return "learnt" if self.beats_baselines else "baseline"

    @property
    def people(self) -> int:
        """Return how many persons were tested."""
        return int(self.said["member_id"].nunique())

    def score(self, name: str) -> Estimate:
        """Return a score of the method chosen.

        Args:
            name: "log_loss", "brier", "auc", "average_precision" or "lift".
        """
        return self.score_of(self.chosen, name)

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods that were tried."""
        return tuple(self._found)

    def score_of(self, method: str, name: str) -> Estimate:
        """Return a score of one of the methods.

        Args:
            method: One of `methods`.
            name: See `score`.
        """
        found = self._found[guards.one_of("method", method, self.methods)]
        return found[guards.one_of("name", name, SCORES)]

    def reliability(self) -> pd.DataFrame:
        """Return what the method chosen said against what came, at the latest cutoff."""
        latest = self.said[self.said["fold"] == self.said["fold"].iloc[0]]
        return scores.reliability(latest["churned"], latest[self.chosen])

    @property
    def why_not(self) -> str:
        """Return why no classifier is used: "close", "level", "order", or "" where one is.

        "close": the best one was better, but by less than one standard error.

        "level": put to the share that came, the best classifier would have been as good as what
        is used; it was wrong in how many, not in who, as happens when the weeks it learnt from
        were another season. "order": even then it would not; who comes back is told as well by
        the simpler way.
        """
        name = self._best_learnt()
        if self.beats_baselines or not name:
            return ""
        y = self.said["churned"].astype(int)
        gap = self.differences.set_index("method")["difference"]
        if gap[name] < gap[self.chosen]:
            return "close"
        levelled = scores.log_losses(y, scores.levelled(self.said[name], float(y.mean())))
        used = scores.log_losses(y, self.said[self.chosen])
        return "level" if levelled.mean() <= used.mean() else "order"

    def _best_learnt(self) -> str:
        gap = self.differences.set_index("method")["difference"]
        return min((name for name in LEARNT if name in gap), key=lambda name: gap[name], default="")

    def words(self) -> dict[str, Any]:
        """Return what fills the slots of the sentences on what was chosen, and why."""
        gap = self.differences.set_index("method")["difference"]
        saved = float(gap.get("base_rate", float("nan")) - gap[self.chosen])
        out = {"method": word(f"churn.method.{self.chosen}"), "gap": round(saved, 3),
               "people": self.people}  # fmt: skip
        name = self._best_learnt()
        if name:
            out["learnt"] = word(f"churn.method.{name}")
            out["said"] = float(self.said[name].mean())
            out["came"] = float(self.said["churned"].mean())
            out["order_learnt"] = self._found[name]["auc"]
            out["order_used"] = self._found[self.chosen]["auc"]
        return out

    def to_frame(self) -> pd.DataFrame:
        """Return the scores."""
        return self.scores.copy()


def churn_backtest(
    folds: Sequence[Fold],
    *,
    methods: Sequence[str] = METHODS,
    budget: float = 0.1,
    seed: int = 0,
) -> ChurnBacktest:
    """Fit every method in every fold and score it on what came later.

    Args:
        folds: At least one, the latest first; three tell more.
        methods: Some of `METHODS`; "btyd" is left out where the rows lack its column.
        budget: Share of people who can be reached, for the lift.
        seed: Seed of what is random.

    Raises:
        NotEnoughDataError: No fold has enough of both outcomes; the first reason is given.
    """
    usable, refused = [], []
    for fold in folds:
        try:
            for name in ("train", "calibrate", "test"):
                check_rows(name, getattr(fold, name))
        except NotEnoughDataError as error:
            refused.append(error)
        else:
            usable.append(fold)
    if not usable:
        raise refused[0] if refused else NotEnoughDataError("there is no fold to test on.")
    chosen = [name for name in METHODS if name in methods]
    if any(BTYD not in fold.test for fold in usable):
        chosen = [name for name in chosen if name != "btyd"]
    parts = []
    for fold in usable:
        part = fold.test[["member_id", "churned"]].assign(fold=fold.name)
        for name in chosen:
            model = ChurnModel(name, seed=seed).fit(fold.train, fold.calibrate)
            part[name] = model.predict(fold.test)
        parts.append(part)
    said = pd.concat(parts, ignore_index=True)
    return _judged(said, chosen, budget)


def _judged(said: pd.DataFrame, methods: Sequence[str], budget: float) -> ChurnBacktest:
    y, who = said["churned"].astype(int), said["member_id"]
    found = {name: scores.scores(y, said[name], clusters=who, budget=budget) for name in methods}
    loss = {name: found[name]["log_loss"].value for name in methods}
    best = min(methods, key=lambda name: (loss[name], METHODS.index(name)))
    least = scores.log_losses(y, said[best])
    rows = []
    for name in methods:
        gap = scores.mean_estimate(
            scores.log_losses(y, said[name]) - least, clusters=who, unit="nats", level=_ONE_ERROR
        )
        error = 0.0 if gap.low is None or gap.value is None else gap.value - gap.low
        rows.append((name, gap.value, error))
    differences = pd.DataFrame(rows, columns=["method", "difference", "error"])
    near = differences["difference"] <= differences["error"]
    return ChurnBacktest(
        said=said[["fold", "member_id", "churned", *methods]],
        scores=_table(found),
        differences=differences,
        best=best,
        chosen=str(differences.loc[near, "method"].iloc[0]),
        _found=found,
    )


_ONE_ERROR = 0.6826894921370859  # level of an interval of one standard error to each side


def _table(found: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"method": method, "score": name, "value": x.value, "low": x.low, "high": x.high,
             "people": x.n, "status": x.status}
            for method, items in found.items()
            for name, x in items.items()
        ]
    )  # fmt: skip
