"""What to do for layers and tags: for how many, and what such members spend anyway."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab.estimate import LEVEL, Estimate
from commlab.metrics.tags import ANY
from commlab.text import Words, word

# What is done this week; whoever buys on time needs no campaign, and who has left hears none.
ADVICE = ("call", "coupon", "remind", "trial", "first", "content", "wake")


def layer_advice(table: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return what to do for layers that call for something, the dearest first.

    What an action adds is not among the figures: nothing here measures it.

    Args:
        table: From `metrics.layer_table`.
        level: Confidence level that it was made with.

    Returns:
        Frame: advice ("call", "coupon", …: what `metrics.layer_table` says), people, worth
        (an Estimate of what such members go on to spend if nothing is done, layers of one advice
        added up (Zou & Donner 2008, Stat. Med. 27, for the ends of a sum); or words that it is
        not known).
    """
    rows = []
    for advice in ADVICE:
        own = table[(table["advice"] == advice) & (table["people"] > 0)]
        if len(own):
            rows.append((advice, int(own["people"].sum()), _worth(own, level)))
    frame = pd.DataFrame(rows, columns=["advice", "people", "worth"])
    size = [-(worth.value or 0.0) if isinstance(worth, Estimate) else 0.0
            for worth in frame["worth"]]  # fmt: skip
    return frame.iloc[np.argsort(size, kind="stable")].reset_index(drop=True)


def _worth(own: pd.DataFrame, level: float) -> Estimate | Words:
    value, low, high = (own[name].to_numpy(dtype=float)
                        for name in ("total", "total_low", "total_high"))  # fmt: skip
    if not np.isfinite(value).all():
        return word("segments.action.unknown")
    down, up = np.sqrt(((value - low) ** 2).sum()), np.sqrt(((high - value) ** 2).sum())
    total = float(value.sum())
    return Estimate(
        value=total, low=total - float(down), high=total + float(up), level=level,
        n=int(own["at_risk"].sum()), unit="money", method="measured before × people now",
    )  # fmt: skip


def tag_advice(coverage: pd.DataFrame | None, torn: pd.DataFrame | None) -> pd.DataFrame:
    """Return what to do about tags.

    Args:
        coverage: From `metrics.tag_coverage`; None: not known.
        torn: From `metrics.tag_contradictions`; None: not known.

    Returns:
        Frame: advice ("torn", "old"), people, listed (name of the list that holds them, if any).
    """
    rows = []
    if torn is not None and int(torn["torn"].sum()):
        rows.append(("torn", int(torn["torn"].sum()), "tags_to_remove"))
    if coverage is not None:
        old = int(coverage.loc[coverage["tag_group"] == ANY, "old"].sum())
        if old:
            rows.append(("old", old, ""))
    return pd.DataFrame(rows, columns=["advice", "people", "listed"])
