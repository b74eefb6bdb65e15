"""Tags to add and to take off, as an SCRM imports them: member, group of tags, tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.config import LANGUAGES
from commlab.metrics.layers import LAYERS, LayerRules, member_layers
from commlab.metrics.tags import member_tags
from commlab.text import t

if TYPE_CHECKING:
    from commlab.dataset import Dataset

ADD = ("member_id", "tag_group", "tag")
REMOVE = (*ADD, "kept")


def tags_to_add(ds: Dataset, rules: LayerRules, lang: str = "zh") -> pd.DataFrame:
    """Return the layer of each member who is here as a tag, unless the member has it already.

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
        lang: Language of group and tags: they go into the SCRM as they stand.

    Returns:
        Frame, the best layers first, then those who spent most: member_id, tag_group, tag; real
        ids: for `private/` only.
    """
    words = _words(lang)
    held = member_layers(ds, rules)
    held = held.filter(held.layer != "gone")
    tag = ibis.cases(*((held.layer == code, word) for code, word in words.items()))
    rank = ibis.cases(*((held.layer == code, place) for place, code in enumerate(LAYERS)))
    rows = held.select("member_id", "spent", tag=tag, rank=rank)
    if ds.has("tags"):
        own = _ours(ds, lang).select("member_id", "tag")
        rows = rows.anti_join(own, ["member_id", "tag"])
    rows = rows.order_by([ibis.asc("rank"), ibis.desc("spent"), ibis.asc("member_id")])
    frame = ds.engine.execute(rows.select("member_id", "tag"))  # large: not kept
    return frame.assign(tag_group=_group(lang))[list(ADD)]


def tags_to_remove(
    ds: Dataset, rules: LayerRules, exclusive: tuple[str, ...], lang: str = "zh"
) -> pd.DataFrame:
    """Return tags that a later one contradicts, and layers that no longer hold.

    Of several values of an exclusive group the one set last stays; where that is not known (no
    times, or the same time) nothing is proposed: somebody has to ask.

    Args:
        ds: The dataset; without tags there is nothing to take off.
        rules: From `layer_rules`.
        exclusive: From `exclusive_groups`.
        lang: See `tags_to_add`.

    Returns:
        Frame sorted by member_id, tag_group and tag: member_id, tag_group, tag, kept (the value
        that stays); real ids: for `private/` only.
    """
    words = _words(lang)
    if not ds.has("tags"):
        return pd.DataFrame(columns=list(REMOVE), dtype="str")
    rows = member_tags(ds)
    torn = rows.filter(rows.tag_group.isin([name for name in exclusive if name != _group(lang)]))
    key = ["member_id", "tag_group"]
    edge = torn.group_by(key).agg(
        latest=torn["last"].max(), known=torn["last"].count(), several=torn.count()
    )
    edge = edge.filter(edge.several > 1, edge.known == edge.several)
    newest = torn.inner_join(edge, key)
    newest = newest.filter(newest["last"] == newest.latest)
    sure = newest.group_by(key).agg(kept=newest.tag.min(), k=newest.count())
    sure = sure.filter(sure.k == 1)
    old = torn.inner_join(sure, key)
    old = old.filter(old.tag != old.kept).select(*REMOVE)
    held = member_layers(ds, rules)
    held = held.filter(held.layer != "gone")
    layer = ibis.cases(*((held.layer == code, word) for code, word in words.items()))
    now = held.select(who="member_id", kept=layer)
    own = _ours(ds, lang)
    past = own.inner_join(now, own.member_id == now.who)
    past = past.filter(past.tag != past.kept).select(*REMOVE)
    both = ibis.union(old, past)
    return ds.engine.execute(both.order_by("member_id", "tag_group", "tag"))[list(REMOVE)]


def _words(lang: str) -> dict[str, str]:
    guards.one_of("tags_in", lang, LANGUAGES)
    return {code: t(f"segments.layer.{code}", lang) for code in LAYERS}


def _group(lang: str) -> str:
    return t("segments.import.group", lang)


def _ours(ds: Dataset, lang: str) -> ir.Table:
    """Return the tags of members in the group that we write."""
    rows = member_tags(ds)
    return rows.filter(rows.tag_group == _group(lang))
