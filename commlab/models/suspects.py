"""Those who look like opinion leaders and are none: rings, freebie hunters, hidden staff."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from commlab import metrics
from commlab.errors import ArgumentError, NotEnoughDataError
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
        learnt: Whether the score of freebie hunters was learnt from marks of the brand.
    """

    rings: pd.DataFrame
    freebies: pd.DataFrame
    staff: tuple[str, ...]
    unseen: tuple[str, ...]
    learnt: bool = False


def find_suspects(ds: Dataset, hunters: Iterable[str] | None = None, *, seed: int = 0) -> Suspects:
    """Return rings, freebie hunters and suspected staff of a workspace.

    Args:
        ds: The dataset. Rings need referrals, freebie hunters touchpoints or coupons, suspected
            staff messages; what is missing is named in `unseen`.
        hunters: Ids of members whom the brand has marked as freebie hunters. They are always
            listed, with the score 1; from 20 on the score of all others learns from them (who is
            not marked counts as none).
        seed: Seed of the folds of that.

    Raises:
        ArgumentError: `hunters` names none of the members.
    """
    unseen: list[str] = []
    rings = pd.DataFrame(columns=list(COLUMNS))
    if ds.has("referrals"):
        rings = referral_rings(metrics.referral_links(ds), metrics.shared_identifiers(ds))
    else:
        unseen.append("rings")
    marked = None if hunters is None else set(hunters)
    freebies, learnt = pd.DataFrame(columns=list(FREEBIE_COLUMNS)), False
    if ds.has("touchpoints") or ds.has("coupons"):
        freebies, learnt = _freebies(metrics.freebie_rows(ds), marked, seed)
    else:
        unseen.append("freebies")
        if marked is not None:
            freebies = _unscored(ds, marked)
    staff: tuple[str, ...] = ()
    if ds.has("messages"):
        staff = tuple(metrics.suspected_staff(ds)["member_id"])
    else:
        unseen.append("staff")
    return Suspects(rings, freebies, staff, tuple(unseen), learnt)


def _freebies(rows: pd.DataFrame, marked: set[str] | None, seed: int) -> tuple[pd.DataFrame, bool]:
    """Return who counts as a freebie hunter, and whether the score was learnt from marks."""
    own = rows["member_id"].isin(marked or set())
    if marked is not None and not own.any():
        raise ArgumentError("hunters names none of the members.")
    score, learnt = freebie_score(rows), False
    if marked is not None:
        try:
            labels = pd.Series(own.to_numpy(), rows["member_id"])
            score, learnt = freebie_score(rows, labels, seed=seed), True
        except NotEnoughDataError:
            pass  # too few to learn from, but known all the same: said by `learnt`
    signs = freebie_signs(rows).sum(axis=1).astype(int).to_numpy()
    rows = rows.assign(score=score.where(~own, 1.0), signs=signs)
    rows = rows[freebie_hunters(rows, rows["score"]) | own]
    rows = rows.sort_values(["score", "takes", "member_id"], ascending=[False, False, True])
    return rows[list(FREEBIE_COLUMNS)].reset_index(drop=True), learnt


def _unscored(ds: Dataset, marked: set[str]) -> pd.DataFrame:
    """Return those who are marked, where no table tells what anybody took."""
    people = ds.people()
    rows = ds.frame(people.select("member_id", "channel"), ["member_id"])
    rows = rows[rows["member_id"].isin(marked)]
    if rows.empty:
        raise ArgumentError("hunters names none of the members.")
    none = pd.array([pd.NA] * len(rows), dtype="Int64")
    rows = rows.assign(score=1.0, takes=none, signs=none)
    return rows[list(FREEBIE_COLUMNS)].reset_index(drop=True)
