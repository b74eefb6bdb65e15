"""The list of a targeted campaign: who is there today and is worth treating, with expected money.

Learnt from everybody in a randomised campaign, said of everybody who can be reached today, most
of whom may not have been in it: the page says what share, and that they must be alike.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.metrics.campaign_today import campaign_today
from commlab.metrics.outcomes import Outcomes
from commlab.models.campaign_targeting import (
    ASKED,
    CampaignTargeting,
    features,
    learning_rows,
)
from commlab.models.uplift import LEARNERS

if TYPE_CHECKING:
    from commlab.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class NextList:
    """Whom to treat next.

    Attributes:
        rows: Frame, best first: member_id, adviser_id, arm (in the campaign that was learnt from;
            null for who was not in it), uplift, net (uplift less cost).
        people: People who could be reached and were looked at.
        expected: Money that treating the list is expected to bring after cost: what the best share
            earned on people that did not choose it, for as many people as are listed, and less
            where the listed score lower than that share did.
        strangers: Share of the listed who were not in the campaign.
    """

    rows: pd.DataFrame
    people: int
    expected: Estimate
    strangers: float


def next_list(
    ds: Dataset, outcomes: Outcomes, found: CampaignTargeting, *, seed: int = 0
) -> NextList:
    """Return who should be treated next, by what is known of them today.

    Everybody reachable is scored by one model of all people of the campaign. Listed is who scores
    at least as high as the best share of the campaign's people did, and more than a person costs.
    What somebody has beyond anybody of the campaign (longer a member, more orders) counts as the
    most that was seen in it: a model says nothing about what lies outside.

    Args:
        ds: The dataset.
        outcomes: Outcomes of the campaign.
        found: What was learnt from it, see `campaign_targeting`.
        seed: Seed of the folds of the learner.

    Raises:
        NotEnoughDataError: People cannot be told apart beyond chance, or treating nobody is best.

    Returns:
        The list.
    """
    if not found.found.heterogeneous or not found.share:
        raise NotEnoughDataError(
            "people cannot be told apart by what the campaign does to them, or it pays for nobody.",
            fix="Treat all or none, by whether it pays on average.",
        )
    names = features(outcomes)
    past = learning_rows(outcomes, found.arm, found.metric)
    X = past[names].to_numpy(dtype=float)
    learner = LEARNERS[ASKED](seed=seed)  # type: ignore[call-arg]
    treated = (past["arm"] == found.arm).to_numpy(dtype=int)
    groups = past["unit"] if outcomes.clustered else None
    learner.fit(X, past[found.metric].to_numpy(dtype=float), treated, groups=groups)
    seen = learner.predict_uplift(X)
    cut = float(np.quantile(seen, 1 - found.share))
    today = campaign_today(ds, outcomes)
    known = today[names].to_numpy(dtype=float)
    uplift = learner.predict_uplift(np.clip(known, *_range(X)))
    today = today.assign(uplift=uplift, net=uplift - found.cost_each)
    rows = today[(uplift >= cut) & (uplift > found.cost_each)]
    rows = rows.sort_values(["net", "member_id"], ascending=[False, True], ignore_index=True)
    best = float(seen[seen >= cut].mean()) - found.cost_each
    # A list may reach further down than the campaign's best share did, never count for more.
    less = min(1.0, float(rows["net"].mean()) / best) if len(rows) and best > 0 else 1.0
    return NextList(
        rows=rows[["member_id", "adviser_id", "arm", "uplift", "net"]],
        people=len(today),
        expected=_expected(found, len(rows), less),
        strangers=float(rows["arm"].isna().mean()) if len(rows) else 0.0,
    )


def _range(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Of what nobody in the campaign had (no order before it) nothing was learnt.
    filled = np.where(np.isnan(X).all(axis=0), 0.0, X)
    return np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)


def _expected(found: CampaignTargeting, listed: int, less: float) -> Estimate:
    """Return what the best share earned, for each of those treated, times those listed."""
    item, times = found.earned, less * listed / found.share
    ends = {name: float(getattr(item, name)) * times for name in ("value", "low", "high")}
    return dataclasses.replace(item, n=listed, **ends)  # type: ignore[arg-type]
