"""Why the churn model says what it says: of all people, and of each one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.models import scores
from commlab.models.backtest_churn import Fold
from commlab.models.btyd_churn import LEAST, btyd_importance, btyd_reasons
from commlab.models.churn import ChurnModel, need
from commlab.text import fmt, lookup, t

Array = npt.NDArray[np.float64]

REPEATS = 5  # permutations a feature: their mean is then steadier than the interval is wide
MOST_REASONS = 3  # what an adviser reads before a call


def permutation_importance(
    model: ChurnModel, rows: pd.DataFrame, *, repeats: int = REPEATS, seed: int = 0
) -> pd.DataFrame:
    """Return by how much the log loss rises when a feature's values are dealt out at random.

    On rows that were not learnt from. The interval is over persons, for the permutations drawn;
    features that go together hide each other. Source: Breiman 2001, Machine Learning 45, and
    Fisher, Rudin & Dominici 2019, JMLR 20.

    Args:
        model: A fitted model.
        rows: Held-out rows with `churned`; `member_id` is the person.
        repeats: Permutations a feature.
        seed: Seed of them.

    Returns:
        Frame, the largest first: feature, rise (nats), low, high, people. Empty for a model
        without features.
    """
    guards.whole("repeats", repeats, low=1)
    need(rows, "churned")
    rng = np.random.default_rng(seed)
    y = rows["churned"].astype(int)
    before = scores.log_losses(y, model.predict(rows))
    found = []
    for name in model.features_:
        after = np.zeros(len(rows))
        for _ in range(repeats):
            mixed = rows.assign(**{name: rng.permutation(rows[name].to_numpy())})
            after += scores.log_losses(y, model.predict(mixed))
        rise = scores.mean_estimate(
            after / repeats - before, clusters=rows["member_id"], unit="nats"
        )
        found.append((name, rise.value, rise.low, rise.high, rise.n))
    frame = pd.DataFrame(found, columns=["feature", "rise", "low", "high", "people"])
    order = ["rise", "feature"]
    return frame.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def top_reasons(
    model: ChurnModel, rows: pd.DataFrame, usual: pd.DataFrame, *, most: int = MOST_REASONS
) -> list[list[str]]:
    """Return, for each row, the features that raise its risk most, the strongest first.

    A feature is set to what is usual, the median of the people (never seen, where most have not
    been), all others stay; what the log odds lose by it is its share in the risk. Only features
    that raise the risk are reasons.

    Args:
        model: A fitted model.
        rows: Rows to explain.
        usual: The people among whom they stand out, as a rule all rows of the same cutoff.
        most: At most so many a row.
    """
    if not model.features_ or rows.empty:
        return [[] for _ in range(len(rows))]
    now = _log_odds(model.predict(rows))
    middle = medians(usual, model.features_)
    without = [rows.assign(**{name: middle[name]}) for name in model.features_]
    rise = np.column_stack([now - _log_odds(model.predict(frame)) for frame in without])
    order = np.argsort(-rise, axis=1, kind="stable")[:, :most]
    names = model.features_
    return [
        [names[column] for column in best if rise[row, column] > LEAST]
        for row, best in enumerate(order)
    ]


def with_reasons(
    listed: pd.DataFrame, model: ChurnModel, rows: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """Return a list with the top reasons of each person in words: `reasons`, `reasons_zh`.

    Args:
        listed: What `metrics.churn_list` returned.
        model: The model that said the risks.
        rows: The rows of all who were scored; they say what is usual.
        horizon: Days ahead.

    Returns:
        A copy with the two columns before `action`; empty words where the model has no features.
    """
    own = rows.set_index("member_id").loc[listed["member_id"]].reset_index()
    if model.method == "btyd":
        why = btyd_reasons(own, rows, horizon)
    else:
        why = top_reasons(model, own, rows)
    usual = medians(rows, sorted({name for names in why for name in names}))
    out = listed.copy()
    for suffix, lang in (("", "en"), ("_zh", "zh")):
        words = [
            lookup("churn.reason.separator", lang).join(
                _reason(name, row[name], usual[name], lang) for name in names
            )
            for row, names in zip(own.to_dict("records"), why, strict=True)
        ]
        out.insert(list(out.columns).index("action"), f"reasons{suffix}", words)
    return out


def _reason(name: str, value: float, usual: float, lang: str) -> str:
    words = [
        t("churn.reason.never", lang) if pd.isna(x) else fmt.number(round(float(x), 1), lang)
        for x in (value, usual)
    ]
    feature = t(f"churn.feature.{name}", lang)
    return t("churn.reason.one", lang, feature=feature, value=words[0], usual=words[1])


def held_out_importance(method: str, fold: Fold, horizon: int, *, seed: int = 0) -> pd.DataFrame:
    """Return the importance of the features of a method on the test rows of a fold.

    Args:
        method: The method used.
        fold: Its rows.
        horizon: Days ahead.
        seed: Seed of what is random.

    Raises:
        NotEnoughDataError: The method has no features.
    """
    if method == "btyd":
        return btyd_importance(fold.test, horizon, repeats=REPEATS, seed=seed)
    model = ChurnModel(method, seed=seed).fit(fold.train, fold.calibrate)
    if not model.features_:
        raise NotEnoughDataError(f"the method {method!r} has no features.")
    return permutation_importance(model, fold.test, seed=seed)


def medians(rows: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """Return the median of each feature; missing where most people have no value.

    Example:
        >>> medians(pd.DataFrame({"a": [1, 2, 9.0], "b": [1, None, None]}), ["a", "b"])
        {'a': 2.0, 'b': nan}
    """
    seen = {name: rows[name].astype(float) for name in names}
    return {
        name: float(values.median()) if values.notna().mean() > 0.5 else float("nan")
        for name, values in seen.items()
    }


def _log_odds(p: pd.Series) -> Array:
    values = p.to_numpy(dtype=float)
    return np.log(values) - np.log1p(-values)
