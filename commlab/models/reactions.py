"""Comments and shares by form, topic or hour: clicks are not the only thing that content is for."""

from __future__ import annotations

import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.contentrates import content_rates

OTHERS = ("comments", "shares")  # beside clicks, which have a chart of their own


def reaction_rates(
    rows: pd.DataFrame, factor: str = "form", *, level: float = LEVEL, seed: int = 0
) -> pd.DataFrame:
    """Return comments and shares a time shown, adjusted and drawn in, and which level is best.

    Args:
        rows: `metrics.content_rows`.
        factor: "form", "topic" or "part".
        level: Level of the intervals.
        seed: Seed of the draws.

    Returns:
        Frame, the best of each reaction first: reaction, the level under the factor's name, posts,
        exposures, reacted (comments, or shares), raw, value, low, high, p_best, could_be_best,
        status; see `content_rates`.
        A reaction that the source does not have is absent.

    Raises:
        NotEnoughDataError: Neither can be compared.
    """
    names = [factor, "posts", "exposures", "reacted", "raw", "value", "low", "high", "p_best",
             "could_be_best", "status"]  # fmt: skip
    found, refused = [], None
    for reaction in OTHERS:
        try:
            fitted = content_rates(rows, factor, reaction, level=level, seed=seed).frame
        except NotEnoughDataError as error:
            refused = error
            continue
        # The count stands beside its rate: where it is small, both are hidden.
        rates = fitted.rename(columns={reaction: "reacted"})[names]
        rates.insert(0, "reaction", reaction)
        found.append(rates)
    if not found:
        assert refused is not None
        raise refused
    return pd.concat(found, ignore_index=True)
