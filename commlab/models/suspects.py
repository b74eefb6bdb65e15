"""Those who look like opinion leaders and are none: rings, freebie hunters, hidden staff."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from commlab import metrics
from commlab.errors import ArgumentError
from commlab.models.freebie import freebie_hunters, freebie_score, freebie_signs
from commlab.models.rings import COLUMNS, referral_rings

if TYPE_CHECKING:
    from commlab.dataset import Dataset

FREEBIE_COLUMNS = ("member_id", "channel", "score", "takes", "signs")


@dataclasses.dataclass(frozen=True)
class Suspects:
    """Whom to leave out, as far as the tables can tell.

    Attributes:
        rings: `referral_rings`: ring, member_id, circle, shared, burst.
        freebies: member_id, channel, score, takes (free things taken), signs (shown, of four);
            highest score first.
        staff: Ids of accounts that behave like staff.
        unseen: Kinds that no table could show: "rings", "freebies", "staff".
    """

    rings: pd.DataFrame
    freebies: pd.DataFrame
    staff: tuple[str, ...]
    unseen: tuple[str, ...]


def find_suspects(ds: Dataset, hunters: Iterable[str] | None = None, *, seed: int = 0) -> Suspects:
    """Return rings, freebie hunters and suspected staff of a workspace.

    Args:
        ds: The dataset. Rings need referrals, freebie hunters touchpoints or coupons, suspected
            staff messages; what is missing is named in `unseen`.
        hunters: Ids of members whom the brand has marked as freebie hunters; the score then
            learns from them (all others count as none), and who is marked is always listed.
        seed: Seed of the folds of that.

    Raises:
        ArgumentError: `hunters` names none of the members.
        NotEnoughDataError: Fewer than 20 hunters are marked.
    """
    unseen: list[str] = []
    rings = pd.DataFrame(columns=list(COLUMNS))
    if ds.has("referrals"):
        rings = referral_rings(metrics.referral_links(ds), metrics.shared_identifiers(ds))
    else:
        unseen.append("rings")
    freebies = pd.DataFrame(columns=list(FREEBIE_COLUMNS))
    if ds.has("touchpoints") or ds.has("coupons"):
        rows = metrics.freebie_rows(ds)
        labels = None
        if hunters is not None:
            labels = pd.Series(rows["member_id"].isin(set(hunters)).to_numpy(), rows["member_id"])
            if not labels.any():
                raise ArgumentError("hunters names none of the members.")
        score = freebie_score(rows, labels, seed=seed)
        if labels is not None:
            score = score.where(~labels.to_numpy(), 1.0)
        rows = rows.assign(
            score=score, signs=freebie_signs(rows).sum(axis=1).astype(int).to_numpy()
        )
        marked = labels.to_numpy() if labels is not None else False
        rows = rows[freebie_hunters(rows, rows["score"]) | marked]
        rows = rows.sort_values(["score", "takes", "member_id"], ascending=[False, False, True])
        freebies = rows[list(FREEBIE_COLUMNS)].reset_index(drop=True)
    else:
        unseen.append("freebies")
    staff: tuple[str, ...] = ()
    if ds.has("messages"):
        staff = tuple(metrics.suspected_staff(ds)["member_id"])
    else:
        unseen.append("staff")
    return Suspects(rings, freebies, staff, tuple(unseen))
