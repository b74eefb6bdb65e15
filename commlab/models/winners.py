"""Pieces of content that did better than their form, topic, hour and group let expect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats as distributions

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models._content_fit import fit_odds
from commlab.models.contentrates import FACTORS, MIN_GROUPS, REACTIONS

MIN_SHOWN = 20  # exposures; below it a single click moves the rate by five points


def content_winners(
    rows: pd.DataFrame, reaction: str = "clicks", *, level: float = LEVEL
) -> pd.DataFrame:
    """Return each piece against what its form, topic, hour and group let expect.

    Reactions are taken for binomial around the expected rate, with the extra spread of posts
    (Pearson's dispersion, at least 1); the chance of so many or more is corrected for all pieces
    compared (Benjamini–Hochberg). Reactions are drawn towards the expected by as much as chance
    moves them: what is repeated will do so well, not as well as it happened to do.

    Args:
        rows: `metrics.content_rows`.
        reaction: What is counted.
        level: A piece is a winner where its adjusted p is below 1 − level.

    Returns:
        Frame, the surest first: content_id, group_id, posted_at, form, topic, exposures, the
        reaction, raw, expected (rate), ratio (drawn in, observed over expected), p, p_adjusted,
        winner.

    Raises:
        NotEnoughDataError: Fewer than eight groups, or no reactions.
    """
    if reaction not in REACTIONS:
        raise NotEnoughDataError(f"{reaction} are not counted.")
    known = rows[(rows["exposures"] > 0) & rows[reaction].notna()]
    known = known[known[reaction] <= known["exposures"]].reset_index(drop=True)
    if known.empty or known[reaction].sum() == 0 or known["group_id"].nunique() < MIN_GROUPS:
        raise NotEnoughDataError(f"too few contents with exposures and {reaction}.")
    used = [name for name in FACTORS if len(set(known[name])) > 1] or ["form"]
    fit = fit_odds(known, reaction, used)
    codes = pd.Categorical(known[used[0]].astype(str), categories=fit.levels).codes
    rate = special.expit(fit.rest + fit.effects[codes])
    shown, count = known["exposures"].to_numpy(float), known[reaction].to_numpy(float)
    expected = shown * rate
    spread = expected * (1 - rate)
    chi = float(((count - expected) ** 2 / spread).sum())
    used_up = sum(known[name].nunique() - 1 for name in used) + known["group_id"].nunique()
    dispersion = max(chi / max(len(known) - used_up, 1), 1.0)
    # A binomial of fewer, larger steps: so many independent exposures hold the same spread.
    scale = 1 / dispersion
    p = distributions.binom.sf(np.ceil(count * scale) - 1, np.round(shown * scale), rate)
    p = np.where(shown >= MIN_SHOWN, p, np.nan)
    # Spread of true rates between posts, beyond chance: a Gamma around 1, by moments.
    excess = ((count - expected) ** 2 - spread).sum() / (expected**2).sum()
    shape = 1 / max(float(excess), 1e-6)
    out = known[["content_id", "group_id", "posted_at", "form", "topic"]].assign(
        exposures=shown.astype("int64"), raw=count / shown, expected=rate,
        ratio=(count + shape) / (expected + shape), p=p,
    )  # fmt: skip
    out.insert(6, reaction, count.astype("int64"))
    out["p_adjusted"] = stats.benjamini_hochberg(p)
    out["winner"] = (out["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    order = out.assign(_n=-out["ratio"]).sort_values(["p", "_n", "content_id"], kind="stable")
    return order.drop(columns="_n").reset_index(drop=True)
