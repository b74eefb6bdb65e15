"""What a randomised campaign added: all who were assigned, by the arm they were assigned to.

Nothing depends on who took part (intention to treat). The sums come from the engine through
`aggregates`; where groups were assigned, the group is the unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK, MIN_EVENTS
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import RATIOS, UNITS, UNTOUCHED, Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import SIZE, Array, Contrast
from commlab.models.randomisation import FEW_CLUSTERS, Randomised, rerandomise
from commlab.models.sequential import sequential_half_width
from commlab.stats import benjamini_hochberg

HEADLINE = ("orders", "buyers", "revenue", "margin", "visitors")
# Who stands behind a metric: below so many of them in both arms together its mean is luck.
_EVENTS = dict.fromkeys(("orders", "revenue", "margin", *RATIOS), "buyers")
PLAIN, CUPED = "plain", "cuped"
_FIGURES = ("control", "treated", "difference", "low", "high", "error", "relative",
            "relative_low", "relative_high", "p")  # fmt: skip


def readout(
    outcomes: Outcomes,
    metrics: Sequence[str] | None = None,
    *,
    span: str = "",
    peeking: bool = False,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the intention-to-treat difference of each metric and arm, plain and with CUPED.

    Args:
        outcomes: Outcomes of a randomised or clustered campaign.
        metrics: Metrics, chosen before looking, or ratios of them ("order_value": net revenue an
            order, each summed over the people of an arm first); default all that the tables hold.
        span: "" for the campaign's days; "placebo_" or "after_" for those around it.
        peeking: Whether the campaign was looked at while it ran, and would have been stopped:
            then intervals hold at all looks together, and p is not given.
        level: Confidence level.
        min_people: People an arm below which nothing is said.
        seed: Seed of the re-randomisation of few clusters.

    Returns:
        Frame, one row an arm, metric and `adjusted` ("plain", "cuped"): arm, metric, adjusted,
        control, treated (means a person), difference, low, high, error, relative, relative_low,
        relative_high, p, p_adjusted (Benjamini–Hochberg over metrics and arms of one
        adjustment), n_control, n_treated (people), units_control, units_treated, unit, method,
        status ("ok", "too_few", "refused"), reason (where refused a text key).

    Raises:
        ArgumentError: A metric is not there.
    """
    ratios = [name for name, parts in RATIOS.items() if set(parts) <= set(outcomes.metrics)]
    wanted = ratios if metrics is None else [name for name in metrics if name in ratios]
    rest = None if metrics is None else [name for name in metrics if name not in ratios]
    chosen = [*chosen_metrics(outcomes, rest), *wanted]
    parts = [
        _arm(outcomes, metric, arm, span, level, min_people, seed, peeking)
        for metric in chosen
        for arm in outcomes.arms
    ]
    frame = pd.DataFrame([row for rows in parts for row in rows])
    frame["p_adjusted"] = np.nan
    for places in frame.groupby("adjusted").groups.values():
        adjusted = benjamini_hochberg(frame.loc[places, "p"].to_numpy(dtype=float))
        frame.loc[places, "p_adjusted"] = adjusted
    return frame


def headline(frame: pd.DataFrame, metric: str, arm: str, adjusted: str = CUPED) -> Estimate:
    """Return one figure of a readout; the plain one where the adjusted is refused."""
    rows = frame[(frame["metric"] == metric) & (frame["arm"] == arm)].set_index("adjusted")
    if rows.empty:
        raise ArgumentError(f"the readout has no metric {metric!r} of arm {arm!r}.")
    row: Any = rows.loc[adjusted if adjusted in rows.index else PLAIN]
    if row["status"] == "refused" and adjusted == CUPED:
        row = rows.loc[PLAIN]
    n = int(row["n_control"] + row["n_treated"])
    if row["status"] != "ok":
        return Estimate(
            value=None, n=n, unit=row["unit"], status=row["status"], reason=row["reason"]
        )
    return Estimate(
        value=row["difference"],
        low=row["low"],
        high=row["high"],
        level=row["level"],
        n=n,
        unit=row["unit"],
        method=row["method"],
    )


def chosen_metrics(outcomes: Outcomes, metrics: Sequence[str] | None) -> list[str]:
    """Return the metrics asked for; default all that there are."""
    chosen = [m for m in HEADLINE if m in outcomes.metrics] if metrics is None else list(metrics)
    known = (*outcomes.metrics, UNTOUCHED) if outcomes.negative_control else outcomes.metrics
    for name in chosen:
        guards.one_of("metric", name, known)
    if not outcomes.arms:
        raise NotEnoughDataError("there is only one arm.", fix="Keep a control arm.")
    return chosen


def _arm(
    outcomes: Outcomes,
    metric: str,
    arm: str,
    span: str,
    level: float,
    min_people: int,
    seed: int,
    peeking: bool,
) -> list[dict[str, Any]]:
    top, below = RATIOS.get(metric, (metric, None))
    several, name, before = outcomes.clustered, span + top, f"pre_{top}"
    below = span + below if below else None
    sides, people, events = arm_aggregates(outcomes)
    control, treated = sides[outcomes.control], sides[arm]
    base: dict[str, Any] = {
        "arm": arm, "metric": metric, "level": level, "unit": UNITS[metric],
        "n_control": people[outcomes.control], "n_treated": people[arm],
        "units_control": control.count(), "units_treated": treated.count(),
    }  # fmt: skip
    who = span + _EVENTS.get(metric, metric)
    reason = ""
    if min(base["n_control"], base["n_treated"]) < min_people:
        reason = f"{min(base['n_control'], base['n_treated'])} < {min_people}"
    elif events[outcomes.control][who] + events[arm][who] < 2 * MIN_EVENTS:
        reason = f"{int(events[outcomes.control][who] + events[arm][who])} < {2 * MIN_EVENTS}"
    if reason:
        return [base | _blank("too_few", reason, adjusted) for adjusted in (PLAIN, CUPED)]
    rows = []
    for adjusted, covariate in ((PLAIN, None), (CUPED, before)):
        why = _no_covariate(outcomes, span, control, treated, before) if covariate else ""
        why = "campaign.why.ratio" if covariate and below else why
        if why:
            rows.append(base | _blank("refused", why, adjusted))
            continue
        found = _compare(outcomes, name, arm, covariate, control, treated, several, level, seed,
                         peeking, below)  # fmt: skip
        rows.append(base | found | {"adjusted": adjusted})
    return rows


def _no_covariate(outcomes: Outcomes, span: str, control: Any, treated: Any, before: str) -> str:
    if span not in ("", "after_"):
        return "campaign.why.span_before"
    if before == f"pre_{UNTOUCHED}":
        return "campaign.why.nothing_before"
    if outcomes.pre_seen < 1:
        return "campaign.why.no_before"
    if not control.var(before) and not treated.var(before):
        return "campaign.why.nothing_before"
    return ""


def _compare(
    outcomes: Outcomes,
    name: str,
    arm: str,
    covariate: str | None,
    control: Any,
    treated: Any,
    several: bool,
    level: float,
    seed: int,
    peeking: bool,
    below: str | None,
) -> dict[str, Any]:
    found = aggregates.contrast(control, treated, name, covariate=covariate, denominator=below,
                                several=several, level=level)  # fmt: skip
    if found is None:
        return _blank("refused", "campaign.why.nothing_varies", "")
    fields = _fields(found)
    method = "ratio of means by cluster, delta method" if several else "Welch"
    method = "ratio of means, delta method" if below and not several else method
    few = several and control.count() + treated.count() < FEW_CLUSTERS
    if few and below:
        return _blank("refused", "campaign.why.few_clusters", "")
    if few:
        try:
            exact = few_clusters(outcomes, name, arm, covariate, level, seed)
        except NotEnoughDataError:
            return _blank("refused", "campaign.why.few_clusters", "")
        # The adjustment moves the estimate by the order of its squared error: one estimate.
        fields |= {"difference": exact.value, "low": exact.low, "high": exact.high, "p": exact.p,
                   "relative_low": math.nan, "relative_high": math.nan}  # fmt: skip
        method = f"re-randomisation of {control.count() + treated.count()} clusters"
    if covariate:
        method = f"CUPED, {method}"
    if peeking:
        half = sequential_half_width(found.error, outcomes.campaign.fraction, level=level)
        fields |= {"low": fields["difference"] - half, "high": fields["difference"] + half,
                   "relative_low": math.nan, "relative_high": math.nan, "p": math.nan}  # fmt: skip
        method = f"confidence sequence ({method})"
    return fields | {"method": method, "status": "ok", "reason": ""}


def few_clusters(
    outcomes: Outcomes,
    name: str,
    arm: str,
    covariate: str | None = None,
    level: float = LEVEL,
    seed: int = 0,
    dose: str | None = None,
) -> Randomised:
    """Return the difference of an arm by re-randomising its clusters (see `rerandomise`)."""
    columns = [column for column in (name, covariate, dose) if column]
    sums = aggregates.by_unit(outcomes.table, columns)
    sums = sums.filter(sums.arm.isin([outcomes.control, arm]))
    frame = sums.order_by(["arm", "unit"]).to_pandas()
    total, size = frame[name].to_numpy(dtype=float), frame[SIZE].to_numpy(dtype=float)
    if covariate:
        x = frame[covariate].to_numpy(dtype=float)
        x = x - size * x.sum() / size.sum()
        y = total - size * total.sum() / size.sum()
        # One slope for both arms: it does not depend on which clusters were treated.
        total = total - (float(x @ y / (x @ x)) if x.any() else 0.0) * x
    return rerandomise(
        total,
        size,
        (frame["arm"] == arm).to_numpy(),
        dose=None if dose is None else frame[dose].to_numpy(dtype=float),
        level=level,
        seed=seed,
    )


def arm_aggregates(outcomes: Outcomes) -> tuple[Any, dict[str, int], dict[str, pd.Series]]:
    """Return aggregates by arm, people by arm, and sums by arm; asked of the engine once."""
    kept = _KEPT.get(id(outcomes))
    if kept is not None and kept[0] is outcomes:
        return kept[1]
    columns = [
        span + metric for span in ("", "pre_", "placebo_", "after_") for metric in outcomes.metrics
    ] + ["participated"]
    columns += [UNTOUCHED] if outcomes.negative_control else []
    table = outcomes.table
    pairs = [
        pair for name in outcomes.metrics
        for pair in (
            *((span + name, f"pre_{name}") for span in ("", "placebo_", "after_")),
            (name, f"placebo_{name}"), (name, "participated"),
        )
    ]  # fmt: skip
    pairs += [(span + top, span + below) for top, below in RATIOS.values()
              for span in ("", "placebo_", "after_")]  # fmt: skip
    if outcomes.clustered:
        pairs += [(name, SIZE) for name in columns]
        units = aggregates.by_unit(table, columns)
        found = aggregates.read(units, [*columns, SIZE], pairs=pairs)
    else:
        found = aggregates.read(table.select("arm", *columns), columns, pairs=pairs)
    people, sums = {}, {}
    for arm, item in found.items():
        n = item.count()
        people[arm] = round(n * item.mean(SIZE)) if outcomes.clustered else n
        sums[arm] = pd.Series({name: round(n * item.mean(name), 6) for name in columns})
    answer = found, people, sums
    _KEPT.clear()
    _KEPT[id(outcomes)] = (outcomes, answer)
    return answer


_KEPT: dict[int, tuple[Outcomes, Any]] = {}


def _fields(found: Contrast) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _FIGURES}


def _blank(status: str, reason: str, adjusted: str) -> dict[str, Any]:
    return {**dict.fromkeys(_FIGURES, math.nan), "method": "", "status": status, "reason": reason,
            "adjusted": adjusted}  # fmt: skip


def unit_means(outcomes: Outcomes, arm: str, columns: Sequence[str]) -> tuple[Array, Array, int]:
    """Return means a person of an arm, their covariance, and the number of units."""
    found, _, _ = arm_aggregates(outcomes)
    made = aggregates.means(found[arm], columns, several=outcomes.clustered)
    return made.value, made.covariance, made.n
