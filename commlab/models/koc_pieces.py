"""What becomes of the content that opinion leaders make, beside that of others and of the brand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab import stats
from commlab.estimate import LEVEL
from commlab.models.koc import KOCSelection

MAKERS = ("chosen", "next", "others", "brand")
MIN_GROUPS = 5  # clusters of a click rate: with fewer the spread between groups is a guess


def piece_makers(
    pieces: pd.DataFrame, found: KOCSelection, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return how content is clicked and used again, by who made it.

    Args:
        pieces: `metrics.member_pieces`.
        found: What `select_koc` returned.
        level: Confidence level.

    Returns:
        Frame: maker ("chosen", "next", "others", "brand"), creators (missing for the brand), posts,
        exposures, clicks, rate, low, high (clicks a time shown, groups as clusters), again (posts
        sent again within the tail; missing where that is not known), delivered and clicked (those
        sends, and how many were clicked), status.
    """
    state = found.members.set_index("member_id")["state"].replace("", "others")
    maker = pieces["creator_id"].map(state).fillna("others")
    maker = maker.where(pieces["by_member"].to_numpy(dtype=bool), "brand")
    rows = []
    for name in (one for one in MAKERS if (maker == one).any()):
        own = pieces[(maker == name).to_numpy()]
        shown = own[(own["exposures"] > 0) & own["clicks"].notna()]
        by = shown.groupby("group_id")[["clicks", "exposures"]].sum()
        y, x = by["clicks"].to_numpy(float), by["exposures"].to_numpy(float)
        rate, low, high = map(float, stats.ratio_interval(
            len(by), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum(), level=level,
            log=True,
        ))  # fmt: skip
        few = len(by) < MIN_GROUPS or not np.isfinite(low)
        known = own[own["resent"].notna()]
        rows.append({
            "maker": name,
            "creators": pd.NA if name == "brand" else own["creator_id"].nunique(),
            "posts": len(own), **own[["exposures", "clicks"]].sum(min_count=1),
            "rate": np.nan if few else rate, "low": np.nan if few else low,
            "high": np.nan if few else high,
            "again": int((known["resent"] > 0).sum()) if len(known) else pd.NA,
            "delivered": known["resent"].sum() if len(known) else pd.NA,
            "clicked": known["resent_clicked"].sum(min_count=1),
            "status": "too_few" if few else "ok",
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in ("creators", "exposures", "clicks", "again", "delivered", "clicked"):
        frame[name] = frame[name].astype("Float64").round().astype("Int64")
    return frame


def sent_again(makers: pd.DataFrame) -> int | None:
    """Return how many pieces of members were sent again; None where that is not known.

    Args:
        makers: From `piece_makers`.
    """
    own = makers.loc[makers["maker"] != "brand", "again"].dropna()
    return int(own.sum()) if len(own) else None
