"""A made-up campaign that did nothing, read as the trade reads it and as it should be read."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import pandas as pd

from commlab.dataset import open_dataset
from commlab.estimate import LEVEL
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.experiment import CUPED, readout
from commlab.models.reported import reported
from commlab.simulate import null_world


def null_example(seed: int = 0, members: int = 26_000, *, level: float = LEVEL) -> pd.DataFrame:
    """Return what is read off a campaign that did nothing, in a year with a festival.

    "Participants" are half of those who bought in the campaign's days, see
    `commlab.simulate.null_world`. Their spend a day is held against the month before, as a report
    of the trade does; the same rule is applied to the holdout; then everybody who was assigned is
    compared with the holdout.

    Args:
        seed: Seed of the world.
        members: Members, half of them held out.
        level: Confidence level.

    Returns:
        Frame of relative gains in spend: row ("reported", "same_rule", "honest"), value, low, high,
        people. The truth is 0.

    Example:
        >>> found = null_example(members=4000).set_index("row")
        >>> bool(found.loc["reported", "value"] > 1.5), bool(found.loc["honest", "low"] < 0)
        (True, True)
    """
    with tempfile.TemporaryDirectory() as folder:
        ds = open_dataset(null_world(seed, members=members).write(folder))
        outcomes = campaign_outcomes(ds, "null")
        claim, same_rule = reported(outcomes, level=level)
        table = readout(outcomes, ["revenue"], level=level)
    honest: Any = table.set_index("adjusted").loc[CUPED]
    rows: list[dict[str, Any]] = [
        {"row": name, "value": item.value, "low": item.low, "high": item.high, "people": item.n}
        for name, item in (("reported", claim), ("same_rule", same_rule))
    ]
    people = int(honest["n_control"] + honest["n_treated"])
    rows.append({"row": "honest", "value": honest["relative"], "low": honest["relative_low"],
                 "high": honest["relative_high"], "people": people})  # fmt: skip
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("value", "low", "high"), "float64"))
    return frame.fillna({"people": math.nan}).astype({"people": "Int64"})
