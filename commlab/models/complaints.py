"""Which groups complain more than they used to, and more than the others do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats as distributions

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate

MIN_MESSAGES = 30  # of a group in the days looked at; below it one complaint is a rate of 3 %


def complaint_alerts(counts: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return each group with its share of complaints, before and now, and whether to look.

    Given the complaints of both times, those of now are binomial with the share of the messages
    that are of now, if nothing has changed (Przyborowski & Wilenski 1940, Biometrika 31). One
    person who complains five times hangs together: counts are divided by complaints a person.
    One-sided, corrected for the number of groups (Benjamini–Hochberg).

    Args:
        counts: `metrics.complaint_counts`.
        level: A group is flagged where its adjusted p is below 1 − level.

    Returns:
        Frame, those flagged first: group_id, messages, negative, people, rate, low, high (Wilson),
        rate_before, p, p_adjusted, flagged, status.

    Raises:
        NotEnoughDataError: No group has 30 messages in the days looked at.
    """
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    enough = (counts["messages"] >= MIN_MESSAGES).to_numpy()
    if not enough.any():
        raise NotEnoughDataError(f"no group has {MIN_MESSAGES} messages of members.")
    n, k = counts["messages"].to_numpy(float), counts["negative"].to_numpy(float)
    n0, k0 = counts["messages_before"].to_numpy(float), counts["negative_before"].to_numpy(float)
    repeats = max(float(k.sum() / max(counts["people"].sum(), 1)), 1.0)
    low, high = stats.wilson(k, np.maximum(n, 1), level=level, deff=repeats)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = n / (n + n0)
        now, both = np.ceil(k / repeats), np.ceil((k + k0) / repeats)
        # Mid-p: whole numbers make the plain test far too careful.
        p = distributions.binom.sf(now, both, part) + distributions.binom.pmf(now, both, part) / 2
    known = enough & (n0 >= MIN_MESSAGES) & (both > 0)
    frame = counts[["group_id", "messages", "negative", "people"]].assign(
        rate=np.where(enough, k / np.maximum(n, 1), np.nan),
        low=np.where(enough, low, np.nan), high=np.where(enough, high, np.nan),
        messages_before=counts["messages_before"],
        rate_before=np.where(n0 >= MIN_MESSAGES, k0 / np.maximum(n0, 1), np.nan),
        p=np.where(known, p, np.nan),
    )  # fmt: skip
    frame["p_adjusted"] = stats.benjamini_hochberg(frame["p"])
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    order = frame.assign(_f=~frame["flagged"], _s=~enough, _r=-frame["rate"])
    order = order.sort_values(["_f", "_s", "_r", "group_id"], kind="stable")
    return order.drop(columns=["_f", "_s", "_r"]).reset_index(drop=True)


def complaint_share(
    counts: pd.DataFrame, *, before: bool = False, level: float = LEVEL
) -> Estimate:
    """Return the share of members' messages that complain, groups as clusters.

    Args:
        counts: `metrics.complaint_counts`.
        before: The days before instead of the recent ones.
        level: Confidence level.
    """
    end = "_before" if before else ""
    x = counts[f"messages{end}"].to_numpy(float)
    y = counts[f"negative{end}"].to_numpy(float)
    total, groups = float(x.sum()), int((x > 0).sum())
    if total < MIN_MESSAGES:
        return Estimate.too_few(int(total), unit="share", minimum=MIN_MESSAGES)
    if groups < 2:  # of one group alone nothing tells how groups differ
        return Estimate.too_few(groups, unit="share", minimum=2)
    rate = y.sum() / total
    between = float(((y - rate * x) ** 2).sum()) * groups / (groups - 1) / total**2
    alone = rate * (1 - rate) / total
    deff = 1.0
    if alone > 0 and between > alone:
        student = distributions.t.ppf(0.5 + level / 2, groups - 1) / special.ndtri(0.5 + level / 2)
        deff = between / alone * float(student) ** 2
    low, high = stats.wilson(y.sum(), total, level=level, deff=deff)
    return Estimate(
        value=float(rate), low=float(low), high=float(high), n=int(total), unit="share",
        level=level, method="Wilson, groups as clusters",
    )  # fmt: skip
