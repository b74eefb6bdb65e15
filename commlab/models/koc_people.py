"""Opinion leaders as a list for advisers and as cards for a page, with a portrait in words."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.metrics.referral_value import DEEPEST
from commlab.models.graph import expertise_z, graph_scores
from commlab.models.koc import STRONG, KOCSelection
from commlab.models.suspects import Suspects
from commlab.models.value import Stability
from commlab.schedule import PARTS
from commlab.text import t

LOUDER = 1.5  # answered half as much again as others: a difference that one notices
FEWEST = 5  # the threshold of small cells: with fewer cards everybody knows whose they are
EXPERT = 1.64  # one-sided 5 %: more answers than questions beyond chance


def koc_list(
    found: KOCSelection,
    profiles: pd.DataFrame,
    stability: Stability,
    lifts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return those chosen and those just below, for `private/`.

    Args:
        found: What `select_koc` returned.
        profiles: What it was made from.
        stability: What `selection_stability` returned.
        lifts: What `post_influence` returned; None: not known.

    Returns:
        Frame as `commlab tables koc` describes it, the best first.
    """
    rows = found.members[found.members["state"] != ""]
    own = profiles.set_index("member_id").loc[rows["member_id"]].reset_index()
    rows = rows.reset_index(drop=True)
    out = rows[["member_id", "state", "rank", "points"]].copy()
    out.insert(1, "adviser_id", own["adviser_id"])
    for part in PARTS:
        out[part] = own[part]
    out["answered"] = _ratio(own)
    out["in_draws"] = stability.frequency.reindex(out["member_id"]).to_numpy()
    out["lift"] = np.nan
    if lifts is not None:
        out["lift"] = lifts.set_index("member_id")["value"].reindex(out["member_id"]).to_numpy()
    out["portrait"] = [_portrait(row, ratio, "en") for row, ratio in _each(rows, out)]
    out["portrait_zh"] = [_portrait(row, ratio, "zh") for row, ratio in _each(rows, out)]
    return out


def koc_cards(found: KOCSelection, listed: pd.DataFrame) -> pd.DataFrame:
    """Return a card each for a page: ranks and portrait, no adviser and no counts.

    Args:
        found: What `select_koc` returned.
        listed: What `koc_list` returned.

    Returns:
        Frame: member_id, state, rank, points, the ranks of the four parts, answered_ratio,
        in_draws, lift, portrait, portrait_zh (without the strong parts: the ranks say them).

    Raises:
        NotEnoughDataError: There are fewer than five.
    """
    if len(listed) < FEWEST:
        raise NotEnoughDataError(
            f"{len(listed)} cards would show single people: {FEWEST} are the least to show.",
            fix="The list in private/ holds them.",
        )
    ranks = [f"{part}_rank" for part in PARTS]
    out = listed[["member_id", "state", "rank", "points"]].copy()
    own = found.members.set_index("member_id").loc[out["member_id"], ranks]
    out[ranks] = own.to_numpy()
    out["answered_ratio"] = listed["answered"]
    out["in_draws"], out["lift"] = listed["in_draws"], listed["lift"]
    rows = found.members[found.members["state"] != ""].reset_index(drop=True)
    for name, lang in (("portrait", "en"), ("portrait_zh", "zh")):
        out[name] = [_portrait(row, ratio, lang, parts=False) for row, ratio in _each(rows, listed)]
    return out


def central_members(
    edges: pd.DataFrame,
    profiles: pd.DataFrame,
    found: KOCSelection,
    *,
    most: int = 12,
    seed: int = 0,
) -> pd.DataFrame:
    """Return those at the centre of the reply graph, by PageRank.

    Args:
        edges: What `metrics.reply_edges` returned.
        profiles: What `metrics.member_profiles` returned.
        found: What `select_koc` returned.
        most: How many.
        seed: Seed of the clustering.

    Returns:
        Frame, the most central first: member_id, pagerank, expertise (z), brokerage, state.
    """
    graph = graph_scores(edges, seed=seed)
    ids = profiles.set_index("member_id")
    z = pd.Series(expertise_z(ids["answers"], ids["questions"]), index=ids.index)
    best = graph.sort_values(["pagerank", "member_id"], ascending=[False, True]).head(most)
    best = best[["member_id", "pagerank", "brokerage"]].reset_index(drop=True)
    best.insert(2, "expertise", z.reindex(best["member_id"]).to_numpy())
    state = found.members.set_index("member_id")["state"]
    return best.assign(state=state.reindex(best["member_id"]).fillna("").to_numpy())


def left_out(found: KOCSelection, known: Suspects) -> pd.DataFrame:
    """Return how many were left out by reason.

    Args:
        found: What `select_koc` returned.
        known: What `find_suspects` returned.

    Returns:
        Frame: reason, people (in the whole community; of noise-makers those active). Reasons that
        no table could show are absent.
    """
    counts = {
        "noise": int((found.members["left_out"] == "noise").sum()),
        "freebie": len(known.freebies),
        "ring": len(known.rings),
        "staff": len(known.staff),
    }
    unseen = {{"rings": "ring", "freebies": "freebie"}.get(name, name) for name in known.unseen}
    if "staff" in unseen:  # both are read from messages
        unseen.add("noise")
    rows = [(name, people) for name, people in counts.items() if name not in unseen]
    return pd.DataFrame(rows, columns=["reason", "people"])


def shown_lifts(moved: pd.DataFrame) -> pd.DataFrame:
    """Return what a page shows of `post_influence`: no counts of single people.

    Args:
        moved: What `post_influence` returned.

    Returns:
        Frame: member_id, lift, low, high, value, value_low, value_high, p_adjusted, state.
    """
    return moved[["member_id", "lift", "low", "high", "value", "value_low", "value_high",
                  "p_adjusted", "state"]]  # fmt: skip


def referral_groups(
    brought: pd.DataFrame, found: KOCSelection, rings: Iterable[str] = ()
) -> pd.DataFrame:
    """Return what the people brought are worth, summed by who brought them.

    Args:
        brought: What `metrics.referral_value` returned.
        found: What `select_koc` returned.
        rings: Ids of accounts in rings.

    Returns:
        Frame: group ("chosen", "next", "ring", "others"), inviters, invitees, kept, depth (most
        generations below one of them; missing in circles), margin, reward, net (currency units).

    Raises:
        NotEnoughDataError: Nobody brought anybody.
    """
    if brought.empty:
        raise NotEnoughDataError("nobody brought anybody.")
    state = found.members.set_index("member_id")["state"].replace("", "others")
    group = brought["member_id"].map(state).fillna("others")
    group = group.mask(brought["member_id"].isin(set(rings)), "ring")
    by = brought.assign(group=group, inviters=1).groupby("group")
    sums = by[["inviters", "invitees", "kept", "margin", "reward", "net"]].sum()
    # A circle has no generations: it counts as the deepest that is looked for.
    tree = brought["depth"].where(brought["depth"] < DEEPEST)
    sums.insert(3, "depth", tree.groupby(group).max())
    order = [name for name in ("chosen", "next", "ring", "others") if name in sums.index]
    return sums.loc[order].reset_index()


def resolved_share(signals: pd.DataFrame) -> Estimate:
    """Return the share of messages that address somebody which could be given to a person.

    Args:
        signals: What `metrics.resolution` returned.
    """
    messages, resolved = int(signals["messages"].sum()), int(signals["resolved"].sum())
    if not messages:
        return Estimate.too_few(0, unit="share", minimum=1)
    # Everything in the window was read: this is a share of what there is, not of a sample.
    return Estimate(value=resolved / messages, unit="share", method="resolved of all")


def _ratio(own: pd.DataFrame) -> np.ndarray:
    if "expected" not in own:
        return np.full(len(own), np.nan)
    expected = own["expected"].to_numpy(dtype=float)
    ratio = own["answered"].to_numpy(dtype=float) / np.maximum(expected, 1e-12)
    return np.where(expected > 0, ratio, np.nan)


def _each(rows: pd.DataFrame, out: pd.DataFrame) -> list[tuple[pd.Series, float]]:
    return [(row, float(out["answered"].iloc[place]))
            for place, (_, row) in enumerate(rows.iterrows())]  # fmt: skip


def _portrait(row: pd.Series, ratio: float, lang: str, *, parts: bool = True) -> str:
    strong = [t(f"koc.part_name.{part}", lang) for part in PARTS if row[f"{part}_rank"] > STRONG]
    strong = strong if parts else []  # where the ranks stand beside it
    join = t("koc.portrait.separator_parts", lang)
    said = [t("koc.portrait.strong", lang, parts=join.join(strong))] if strong else []
    if np.isfinite(ratio) and ratio >= LOUDER:
        said.append(t("koc.portrait.heard", lang, times=f"{ratio:.1f}"))
    if np.isfinite(row["expertise"]) and row["expertise"] >= EXPERT:
        said.append(t("koc.portrait.expert", lang))
    if row["consumption_rank"] < 0.5:  # exactly 0.5 is everybody's where there are no orders
        said.append(t("koc.portrait.buys_little", lang))
    return t("koc.portrait.separator", lang).join(said)
