"""Was the assignment what it was said to be? Shares of the arms, and likeness before the start."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.errors import ArgumentError, StatisticalWarning
from commlab.metrics.outcomes import Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import SIZE
from commlab.models.experiment import arm_aggregates

# Fabijan et al. 2019 (KDD): a mismatch found at .0005 to .01 is a broken experiment, not chance.
MISMATCH = 0.001
IMBALANCE = 0.1  # standardised difference beyond which groups are not alike (Austin 2009)


@dataclasses.dataclass(frozen=True)
class SampleRatio:
    """Whether the arms have the shares that were planned.

    Attributes:
        p: p-value of the planned shares (chi-squared; exact binomial for two small arms).
        table: Frame by arm: arm, units, people, share, planned.
        ok: p > 0.001.
        assumed: Whether equal shares were taken for want of a plan.
    """

    p: float
    table: pd.DataFrame
    ok: bool
    assumed: bool

    @property
    def held(self) -> float:
        """Share of the control arm."""
        return float(self.table["share"].iloc[0])

    @property
    def planned(self) -> float:
        """Share that the control arm was to have."""
        return float(self.table["planned"].iloc[0])


def sample_ratio(
    outcomes: Outcomes, planned: Mapping[str, float] | float | None = None
) -> SampleRatio:
    """Return whether the arms are as large as planned, and warn where they are not.

    Units are counted: people, or the clusters that were assigned.

    Args:
        outcomes: Outcomes of a randomised or clustered campaign.
        planned: Shares by arm; or the share held out, the other arms sharing the rest evenly;
            None: as recorded when they were assigned, else equal shares.

    Raises:
        ArgumentError: The shares do not name the arms or are not positive.
    """
    found, people, _ = arm_aggregates(outcomes)
    arms = [outcomes.control, *outcomes.arms]
    planned = outcomes.planned if planned is None else planned
    share = _planned(arms, planned)
    units = np.array([found[arm].count() for arm in arms])
    n = int(units.sum())
    if len(arms) == 2 and n < 1000:  # as tea-tasting: below it the exact test costs nothing
        p = float(stats.binomtest(int(units[0]), n, share[0]).pvalue)
    else:
        p = float(stats.chisquare(units, share * n).pvalue)
    table = pd.DataFrame({
        "arm": arms, "units": units, "people": [people[arm] for arm in arms],
        "share": units / n, "planned": share,
    })  # fmt: skip
    ratio = SampleRatio(p, table, p > MISMATCH, planned is None)
    if not ratio.ok:
        said = ", ".join(f"{row.arm} {row.units:,} ({row.share:.1%}, planned {row.planned:.1%})"
                         for row in table.itertuples())  # fmt: skip
        warnings.warn(
            f"SAMPLE RATIO MISMATCH in campaign {outcomes.campaign.campaign_id!r} (p = {p:.1g}): "
            f"{said}. People went missing or were moved between arms, so no difference can be "
            "trusted until it is known why. "
            + (
                "Equal shares were assumed; if others were planned, say so, e.g. holdout=0.2."
                if planned is None
                else "Look at how assignments were made and exported."
            ),
            StatisticalWarning,
            stacklevel=2,
        )
    return ratio


def balance(outcomes: Outcomes, span: str = "pre_") -> tuple[pd.DataFrame, float]:
    """Return how alike the arms were before the campaign.

    Args:
        outcomes: Outcomes.
        span: Span before the campaign whose metrics are compared.

    Returns:
        Frame by arm and covariate: arm, covariate, control, treated, difference, smd
        (standardised by the people's pooled standard deviation, Austin 2009), p, alike
        (|smd| <= 0.1); and the p-value of no difference in any (Wald test over all, the smallest
        over the arms times their number).
    """
    names = [span + metric for metric in outcomes.metrics]
    table = outcomes.table.mutate(tenure=outcomes.table.tenure.fill_null(0.0))
    names = [*names, "tenure"]
    single = aggregates.read(table.select("arm", *names), names)
    several = outcomes.clustered
    units = aggregates.read(aggregates.by_unit(table, names), [*names, SIZE]) if several else single
    rows, tests = [], []
    control = outcomes.control
    for arm in outcomes.arms:
        for name in names:
            gap = aggregates.contrast(units[control], units[arm], name, several=several)
            spread = (single[control].var(name) + single[arm].var(name)) / 2
            if gap is None or not spread:
                continue
            smd = gap.difference / math.sqrt(spread)
            rows.append({
                "arm": arm, "covariate": name, "control": gap.control, "treated": gap.treated,
                "difference": gap.difference, "smd": smd, "p": gap.p,
                "alike": abs(smd) <= IMBALANCE,
            })  # fmt: skip
        tests.append(_joint(units[control], units[arm], names, several))
    columns = ["arm", "covariate", "control", "treated", "difference", "smd", "p", "alike"]
    known = [p for p in tests if not math.isnan(p)]
    p = min(1.0, min(known) * len(known)) if known else math.nan
    return pd.DataFrame(rows, columns=columns), p


def _joint(control: aggregates.aggr.Aggregates, treated: aggregates.aggr.Aggregates,
           names: list[str], several: bool) -> float:  # fmt: skip
    one, two = (aggregates.means(x, names, several=several) for x in (control, treated))
    gap, joint = two.value - one.value, one.covariance + two.covariance
    freedom = one.n + two.n - 2
    # Metrics that repeat each other (revenue and margin) say nothing twice.
    values, vectors = np.linalg.eigh(_correlation(joint))
    kept = values > 1e-8
    if not kept.any() or freedom <= kept.sum():
        return math.nan
    scale = np.sqrt(np.where(np.diag(joint) > 0, np.diag(joint), 1.0))
    parts = vectors[:, kept].T @ (gap / scale)
    k = int(kept.sum())
    wald = float((parts**2 / values[kept]).sum())
    # Hotelling's T² with the degrees of freedom that few units leave.
    return float(stats.f.sf(wald * (freedom - k + 1) / (freedom * k), k, freedom - k + 1))


def _correlation(joint: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.where(np.diag(joint) > 0, np.diag(joint), 1.0))
    return np.asarray(joint / np.outer(scale, scale))


def _planned(arms: list[str], planned: Mapping[str, float] | float | None) -> np.ndarray:
    if planned is None:
        return np.full(len(arms), 1 / len(arms))
    if isinstance(planned, Mapping):
        if set(planned) != set(arms):
            raise ArgumentError(
                f"planned names {', '.join(sorted(planned))}; the arms are {', '.join(arms)}.",
                fix="Give each arm its share.",
            )
        share = np.array([float(planned[arm]) for arm in arms])
        for arm, value in zip(arms, share, strict=True):
            guards.in_range(f"planned[{arm!r}]", float(value), low=0, open_low=True)
        return share / share.sum()
    guards.in_range("planned", planned, low=0, high=1, open_low=True, open_high=True)
    rest = len(arms) - 1
    return np.array([planned, *[(1 - planned) / rest] * rest])
