"""Key opinion consumers: who carries the community, and who only looks like it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models.graph import expertise_z
from commlab.models.value import (
    CONCENTRATION,
    Stability,
    check_weights,
    composite,
    part_ranks,
    savage,
    top_count,
    vary_weights,
)
from commlab.schedule import PARTS
from commlab.stats import wilson

SHARE = 0.01  # requirement B13: KOC are about 0.5 to 1 % of users
SHARES = (0.005, 0.01)
STRONG, STRONG_PARTS = 0.80, 2  # above the 80th percentile in at least two of the four parts
VOICES = frozenset({"written", "answered", "expected", "answers", "questions"})
REASONS = ("staff", "ring", "freebie", "noise")
NOISY = 0.95  # who writes more than 95 in 100 is loud
VOICE = 0.5  # value says what a member does, voice whether others listen: half and half
NEXT = 1.0  # candidates just below: as many again as were chosen


@dataclasses.dataclass(frozen=True)
class KOCSelection:
    """Who was chosen, who stands just below, and who was left out and why.

    Attributes:
        members: All members ranked, best first: member_id, score, rank (1 is best), the ranks of
            the four parts (`<part>_rank`), points, resonance, expertise and
            voice (missing without messages), strong (parts above the 80th percentile),
            left_out (reason, "" for none), state ("chosen", "next" or "").
        share: Share that was asked for.
        weights: Weight of each part.
        voice: Weight of voice against value.
    """

    members: pd.DataFrame
    share: float
    weights: dict[str, float]
    voice: float

    @property
    def chosen(self) -> pd.DataFrame:
        """The rows of those chosen."""
        return self._rows("chosen")

    @property
    def candidates(self) -> pd.DataFrame:
        """The rows of those just below."""
        return self._rows("next")

    @property
    def left_out(self) -> pd.DataFrame:
        """The rows of those who would have been among the best but for a reason."""
        worst = self.members.loc[self.members["state"] == "chosen", "rank"].max()
        rows = self.members
        return rows[(rows["left_out"] != "") & (rows["rank"] <= worst)].reset_index(drop=True)

    def count(self) -> Estimate:
        """Return how many were chosen."""
        return Estimate.count(len(self.chosen), unit="members")

    def named(self) -> list[str]:
        """Return the ids of those chosen and those just below."""
        return list(self.members.loc[self.members["state"] != "", "member_id"])

    def _rows(self, state: str) -> pd.DataFrame:
        return self.members[self.members["state"] == state].reset_index(drop=True)


def resonance(profiles: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return by how many standard errors a member is answered more than others where he writes.

    (answered − expected) / √(expected + 1): answers come like a Poisson count, and the 1 keeps who
    wrote next to nothing near 0.

    Args:
        profiles: With answered and expected (`metrics.member_voices`).
    """
    answered = profiles["answered"].to_numpy(dtype=float)
    expected = profiles["expected"].to_numpy(dtype=float)
    return np.asarray((answered - expected) / np.sqrt(expected + 1))


def noise_makers(profiles: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return who writes very much, is answered no more than others there, and helps nobody.

    Very much is more than 95 in 100 of those who write. Who answers more questions than he asks
    is no noise, although answers are seldom answered.

    Args:
        profiles: With written, answered, expected, answers, questions (`metrics.member_voices`).
    """
    written = profiles["written"].to_numpy(dtype=float)
    if not (written > 0).any():
        return np.zeros(len(profiles), dtype=bool)
    loud = written > np.quantile(written[written > 0], NOISY)
    unheard = (profiles["answered"] <= profiles["expected"]).to_numpy()
    return loud & unheard & (profiles["answers"] <= profiles["questions"]).to_numpy()


def select_koc(
    profiles: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    voice: float | None = None,
    share: float = SHARE,
    rings: Iterable[str] = (),
    freebies: Iterable[str] = (),
    staff: Iterable[str] = (),
) -> KOCSelection:
    """Return the key opinion consumers: the top share by value and voice, false ones left out.

    Value is the weighted sum of the four parts' ranks (`value.composite`). Voice is the mean of two
    ranks made the same way: resonance (answered more than others in the same groups) and expertise
    (answers rather than asks). Volume alone raises neither, so it makes no opinion leader.

    The share is of all members given, those left out included, so that a community full of
    freebie hunters does not get more opinion leaders for it. Chosen is the best score first, of
    who is above the 80th percentile in at least two of the four parts and not left out.

    Args:
        profiles: Those active in the window (`metrics.member_profiles`): member_id, `PARTS`,
            points, and, where there are messages, written, answered, expected, answers, questions.
        weights: Part → weight, see `value.check_weights`; equal when None.
        voice: Weight of voice against value, 0 to 1; default a half, and 0 without messages.
        share: Share to choose, above 0 to 0.05; requirement B13 has 0.5 to 1 %.
        rings: Ids of accounts in self-referral rings.
        freebies: Ids of freebie hunters.
        staff: Ids of suspected staff.

    Raises:
        ArgumentError: A column is missing, or weights or share are impossible.
        NotEnoughDataError: Nobody was active, or nobody is strong in two parts.
    """
    guards.in_range("share", share, low=0, high=0.05, open_low=True)
    used = check_weights(weights)
    heard = set(profiles.columns) >= VOICES and bool((profiles["written"] > 0).any())
    if voice is None:
        voice = VOICE if heard else 0.0
    guards.in_range("voice", voice, low=0, high=1)
    wanted = ["member_id", *PARTS, "points", *(sorted(VOICES) if voice else ())]
    missing = [name for name in wanted if name not in profiles]
    if missing:
        raise ArgumentError(f"profiles have no column {missing[0]!r}.", fix="See member_profiles.")
    if profiles.empty:
        raise NotEnoughDataError(
            "nobody but staff was active in the window.", fix="Use a longer window_days."
        )
    ranks = part_ranks(profiles)
    strong = (ranks > STRONG).sum(axis=1)
    out = pd.DataFrame(
        {
            "member_id": profiles["member_id"],
            "score": (1 - voice) * composite(profiles, used),
            "points": profiles["points"],
            "strong": strong,
            "left_out": _reasons(profiles, rings, freebies, staff),
        }
    ).assign(**{f"{name}_rank": ranks[name] for name in PARTS})
    if heard:
        out["resonance"] = resonance(profiles)
        out["expertise"] = expertise_z(profiles["answers"], profiles["questions"])
        out["voice"] = (savage(out["resonance"]) + savage(out["expertise"])) / 2
        out["score"] += voice * out["voice"]
    else:
        out["resonance"] = out["expertise"] = out["voice"] = np.nan
    out = out.sort_values(["score", "points", "member_id"], ascending=[False, False, True])
    out = out.reset_index(drop=True).assign(rank=np.arange(1, len(out) + 1))
    may = np.flatnonzero((out["left_out"] == "") & (out["strong"] >= STRONG_PARTS))
    if not len(may):
        raise NotEnoughDataError(
            "nobody is above the 80th percentile in two of the four parts.",
            fix="The workspace shows too few parts: add messages, orders or referrals.",
        )
    count = top_count(len(out), share)
    state = np.full(len(out), "", dtype=object)
    state[may[count : count + round(count * NEXT)]] = "next"
    state[may[:count]] = "chosen"
    return KOCSelection(out.assign(state=state), share, used, voice)


def selection_stability(
    found: KOCSelection, *, draws: int = 400, concentration: float = CONCENTRATION, seed: int = 0
) -> Stability:
    """Return how many of those chosen stay when the weights of parts and voice vary.

    Args:
        found: What `select_koc` returned.
        draws: Draws of weights, Dirichlet around the stated ones.
        concentration: Sum of the Dirichlet's parameters: higher varies less.
        seed: Seed.

    Returns:
        Frequencies by member_id, of those who may be chosen.
    """
    rows = found.members
    may = rows[(rows["left_out"] == "") & (rows["strong"] >= STRONG_PARTS)]
    scores = pd.DataFrame(
        {part: -np.log1p(-may[f"{part}_rank"].to_numpy(dtype=float)) for part in PARTS},
        index=pd.Index(may["member_id"]),
    )
    weights = {part: weight * (1 - found.voice) for part, weight in found.weights.items()}
    if found.voice:
        scores["voice"] = may["voice"].to_numpy()
        weights["voice"] = found.voice
    return vary_weights(
        scores, weights, len(found.chosen), draws=draws, concentration=concentration, seed=seed
    )


def kept_in(first: KOCSelection, second: KOCSelection, within: float = 0.05) -> Estimate:
    """Return how many of those chosen in one half of a window are near the top in the other.

    Args:
        first: Selection of the first half.
        second: Selection of the second half.
        within: Share of members that counts as near the top: chance alone would give this.
    """
    near = top_count(len(second.members), within)
    later = set(second.members.loc[second.members["rank"] <= near, "member_id"])
    mine = first.chosen["member_id"]
    kept = int(mine.isin(later).sum())
    low, high = wilson(kept, len(mine))
    return Estimate(
        value=kept / len(mine), low=float(low), high=float(high), n=len(mine), unit="share",
        method="Wilson",
    )  # fmt: skip


def _reasons(
    profiles: pd.DataFrame, rings: Iterable[str], freebies: Iterable[str], staff: Iterable[str]
) -> npt.NDArray[np.object_]:
    ids = profiles["member_id"]
    reason = np.full(len(ids), "", dtype=object)
    nobody = np.zeros(len(ids), dtype=bool)
    masks = {
        "noise": noise_makers(profiles) if set(profiles.columns) >= VOICES else nobody,
        "freebie": ids.isin(set(freebies)).to_numpy(),
        "ring": ids.isin(set(rings)).to_numpy(),
        "staff": ids.isin(set(staff)).to_numpy(),
    }
    for name, mask in masks.items():  # the gravest last, so that it stays
        reason[mask] = name
    return reason
