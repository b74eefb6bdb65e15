"""Why retention changed between two cohorts: other people, or the same people staying less.

Source: Kitagawa 1955, Components of a difference between two rates, J. Am. Stat. Assoc. 50.
The change is the sum over segments of a mix effect (the segment's share moved, at its mean
rate) and a rate effect (its rate moved, at its mean share); nothing is left over.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import DataError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.stats import quantile

Array = npt.NDArray[np.float64]
METHOD = "Kitagawa, delta method"


@dataclasses.dataclass(frozen=True)
class Decomposition:
    """A change of rate in two parts.

    Attributes:
        change: Rate after minus rate before.
        mix: What the other mix of segments brought.
        rate: What other rates within segments brought; change = mix + rate.
        frame: By segment, the largest contribution first: segment, n_before, n_after,
            share_before, share_after, rate_before, rate_after (null where the segment is empty),
            mix, mix_low, mix_high, rate, rate_low, rate_high. A segment's mix effect is measured
            against the mean rate of all, so that a growing segment counts as good only if it
            retains better than the rest.
    """

    change: Estimate
    mix: Estimate
    rate: Estimate
    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the contributions by segment."""
        return self.frame.copy()


def decompose(
    before: pd.DataFrame, after: pd.DataFrame, *, level: float = LEVEL, deff: float = 1.0
) -> Decomposition:
    """Split the change of a rate between two cohorts into mix and rate effects.

    Intervals are by the delta method: shares multinomial, rates binomial, the two cohorts
    independent of each other. A segment that is empty in one cohort has no rate there: it is
    taken to be that of the other cohort, so the segment counts in the mix alone.

    Args:
        before: Frame: segment, at_risk, active (those retained); one row a segment.
        after: The same of the later cohort.
        level: Confidence level.
        deff: Design effect of the rates (people in one chat group are alike).

    Raises:
        DataError: A column is missing, a segment is there twice, or active > at_risk.
        NotEnoughDataError: A cohort is empty.

    Example:
        >>> before = pd.DataFrame({"segment": ["a", "b"], "at_risk": [50, 50], "active": [40, 20]})
        >>> after = pd.DataFrame({"segment": ["a", "b"], "at_risk": [20, 80], "active": [16, 32]})
        >>> parts = decompose(before, after)
        >>> round(parts.change.value, 3), round(parts.mix.value, 3), round(parts.rate.value, 3)
        (-0.12, -0.12, 0.0)
    """
    guards.in_range("deff", deff, low=1)
    first, second = _check("before", before), _check("after", after)
    first, second = first[first["at_risk"] > 0], second[second["at_risk"] > 0]
    names = sorted(set(first.index) | set(second.index))
    n = np.array([f.reindex(names)["at_risk"].fillna(0).to_numpy() for f in (first, second)])
    k = np.array([f.reindex(names)["active"].fillna(0).to_numpy() for f in (first, second)])
    size = n.sum(axis=1, keepdims=True)
    if not size.all():
        raise NotEnoughDataError(
            f"{int(size[0, 0])} people before and {int(size[1, 0])} after: both must be there."
        )
    w = n / size
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = k / n
        r = np.where(n > 0, seen, seen[::-1])
        # Half a person on each side keeps the variance of 0 and 100 % from vanishing.
        smooth = (k + 0.5) / (n + 1)
        v = np.where(n > 0, smooth * (1 - smooth) / n, 0.0) * deff
    middle, share = r.mean(axis=0), w.mean(axis=0)
    mix, rate = (w[1] - w[0]) * middle, share * (r[1] - r[0])
    q = quantile(level)
    change = float((w[1] * r[1]).sum() - (w[0] * r[0]).sum())

    # Derivatives of each sum: by the shares of a cohort (mix: ± middle, rate: half the change of
    # rates) and by its rates (mix: half the change of shares, rate: ± mean share).
    def half_width(by_share: tuple[Array, Array], by_rate: tuple[Array, Array]) -> float:
        variance = 0.0
        for c in (0, 1):
            d = by_share[c]
            variance += float((w[c] * d**2).sum() - (w[c] * d).sum() ** 2) / float(size[c, 0])
            variance += float((by_rate[c] ** 2 * v[c]).sum())
        return q * variance**0.5

    moved, turned = (w[1] - w[0]) / 2, (r[1] - r[0]) / 2
    halves = {
        "change": half_width((-r[0], r[1]), (-w[0], w[1])),
        "mix": half_width((-middle, middle), (moved, moved)),
        "rate": half_width((turned, turned), (-share, share)),
    }
    values = {"change": change, "mix": float(mix.sum()), "rate": float(rate.sum())}
    estimates = {
        name: Estimate(
            value=value, low=value - halves[name], high=value + halves[name], level=level,
            n=int(size.sum()), unit="share", method=METHOD,
        )
        for name, value in values.items()
    }  # fmt: skip
    frame = _by_segment(names, n, w, r, v, size, q)
    return Decomposition(**estimates, frame=frame)


def _by_segment(
    names: list[str], n: Array, w: Array, r: Array, v: Array, size: Array, q: float
) -> pd.DataFrame:
    """Each segment's terms; the mix against the mean rate of all, which leaves the sum alone."""
    middle, share = r.mean(axis=0), w.mean(axis=0)
    centre = float((share * middle).sum())
    mix, rate = (w[1] - w[0]) * (middle - centre), share * (r[1] - r[0])
    weight_variance = (w * (1 - w) / size).sum(axis=0)
    mix_error = np.sqrt(
        weight_variance * (middle - centre) ** 2 + (w[1] - w[0]) ** 2 * v.sum(axis=0) / 4
    )
    rate_error = np.sqrt(share**2 * v.sum(axis=0) + weight_variance * (r[1] - r[0]) ** 2 / 4)
    frame = pd.DataFrame(
        {
            "segment": names,
            "n_before": n[0].astype("int64"),
            "n_after": n[1].astype("int64"),
            "share_before": w[0],
            "share_after": w[1],
            "rate_before": np.where(n[0] > 0, r[0], np.nan),
            "rate_after": np.where(n[1] > 0, r[1], np.nan),
            "mix": mix,
            "mix_low": mix - q * mix_error,
            "mix_high": mix + q * mix_error,
            "rate": rate,
            "rate_low": rate - q * rate_error,
            "rate_high": rate + q * rate_error,
        }
    )
    order = frame.assign(size=-(frame["mix"] + frame["rate"]).abs())
    order = order.sort_values(["size", "segment"], kind="stable")
    return frame.loc[order.index].reset_index(drop=True)


def _check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    missing = {"segment", "at_risk", "active"} - set(frame.columns)
    if missing:
        raise DataError(f"{name} lacks {', '.join(sorted(missing))}.")
    labels = frame["segment"].astype("string").fillna("unknown").astype(object)
    if labels.duplicated().any():
        raise DataError(f"{name} holds {labels[labels.duplicated()].iloc[0]!r} twice.")
    values = frame[["at_risk", "active"]].astype(float)
    wrong = (values["active"] > values["at_risk"]) | (values["active"] < 0)
    if wrong.any() or not np.isfinite(values.to_numpy()).all():
        raise DataError(f"{name} has active outside 0 … at_risk.")
    return values.set_index(pd.Index(labels, name="segment"))
