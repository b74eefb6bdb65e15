"""What each campaign returned: incremental where its design can tell, attributed elsewhere."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd

from commlab.errors import DataError, NotEnoughDataError, StatisticalWarning
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_sums import campaign_sums
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.assignment import sample_ratio
from commlab.models.campaign_money import campaign_profit
from commlab.models.refutation import causal_gate

if TYPE_CHECKING:
    from commlab.dataset import Dataset

COLUMNS = ["campaign", "kind", "design", "assigned", "buyers", "spent", "attributed",
           "attributed_net", "value", "low", "high", "status", "standing", "reason"]  # fmt: skip


def campaign_returns(
    ds: Dataset, *, level: float = LEVEL, seed: int = 0, shares: dict[str, float] | None = None
) -> pd.DataFrame:
    """Return what every campaign cost and returned, and how that is known.

    Attributed is the margin of members' orders that name the campaign: who would have bought
    anyway is in it, who was drawn away from a later purchase too. Incremental is the difference
    that random assignment shows, over all people assigned, less what the campaign cost.

    Args:
        ds: The dataset, with campaigns and orders.
        level: Confidence level.
        seed: Seed of the re-randomisations of few clusters.
        shares: Campaign → share that was to be held out, where arms were not planned equal.

    Returns:
        Frame by start: campaign (its name), kind, design, assigned, buyers (members whose orders
        name it), spent, attributed (margin), attributed_net (less spent), value with low and high
        (incremental net margin, all arms together; missing where the design cannot tell), status
        ("ok", "too_few" or "refused"), standing ("effect" where the value is incremental, else
        "attributed"), reason.

    Raises:
        MissingTableError: There are no campaigns or no orders.
        NotEnoughDataError: No margin is known.
    """
    table = campaign_sums(ds)
    planned = shares or {}
    rows = []
    for record in table.to_dict("records"):
        row: dict[str, Any] = {str(name): value for name, value in record.items()}
        known = str(row["campaign_id"])
        found = _incremental(ds, known, str(row["design"]), level, seed, planned.get(known))
        rows.append({
            **row, "campaign": row["name"], "attributed_net": row["attributed"] - row["spent"],
            "value": found.value, "low": found.low, "high": found.high,
            "status": found.status, "standing": "effect" if found.ok else "attributed",
            "reason": "" if found.ok else found.reason,
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["spent", "attributed", "attributed_net", "value", "low", "high"]
    return frame.astype(dict.fromkeys(numbers, float))


def campaign_advice(table: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """Return what to do after each campaign that its return tells something of.

    Args:
        table: From `campaign_returns`.
        most: Campaigns without a design that are named, the dearest.

    Returns:
        Frame: campaign, assigned, advice ("stop": the interval lies below 0; "repeat": above it;
        "holdout": nobody was assigned at random).
    """
    known = table[table["status"] == "ok"]
    parts = [known[known["high"] < 0].assign(advice="stop"),
             known[known["low"] > 0].assign(advice="repeat"),
             table[table["reason"] == "observational"].nlargest(most, "spent")
             .assign(advice="holdout")]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[["campaign", "assigned", "advice"]]


def _incremental(
    ds: Dataset, campaign_id: str, design: str, level: float, seed: int, planned: float | None
) -> Estimate:
    """Return the incremental net margin of a campaign, or why there is none."""
    refused = Estimate.refused
    if design not in ASSIGNED:
        return refused("observational", unit="money")
    if not ds.has("assignments"):
        return refused("unlisted", unit="money")
    try:
        outcomes = campaign_outcomes(ds, campaign_id)
        with warnings.catch_warnings():
            # What it warns of is in the row's reason.
            warnings.simplefilter("ignore", StatisticalWarning)
            failed = causal_gate(outcomes, sample_ratio(outcomes, planned))
        if failed:
            return refused("sample_ratio", unit="money")
        if outcomes.campaign.open:
            return refused("open", unit="money")
        if len(outcomes.arms) > 1:
            return refused("arms", unit="money")
        found = campaign_profit(ds, outcomes, level=level, seed=seed).net
    except (DataError, NotEnoughDataError):
        return refused("unreadable", unit="money")
    return found if found.ok else refused("too_few", unit="money", n=found.n)
