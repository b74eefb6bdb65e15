"""Pushes to members and groups: planned, executed, delivered, clicked (群发、群 SOP、朋友圈)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 365  # a year: every season once
AFTER_HOURS = 72  # the trade's window for what follows a send
SETTLED_DAYS = 1  # a send planned for yesterday may still go out today
# What exports call a send that never went out, and one that did not arrive. The figures are the
# status codes of WeCom's get_groupmsg_send_result: 0 unsent, 2 no friend, 3 limit reached.
UNSENT = ("unsent", "planned", "not_sent", "0", "未发送", "待发送", "已取消")
FAILED = ("not_friend", "limit", "failed", "rejected", "2", "3", "非好友", "已不是好友",
          "客户不是好友", "已达上限", "接收已达上限", "发送失败", "失败")  # fmt: skip
STEPS = ("executed", "delivered", "clicked")
_DAY = 86_400


def receipts(ds: Dataset, window_days: int = WINDOW_DAYS) -> ir.Table:
    """Return one row for each push to a person or group, with what became of it.

    Args:
        ds: The dataset, with sends.
        window_days: Days up to `as_of` in which it was planned (sent, where no plan is known).

    Returns:
        Expression: send_id, kind, batch (sends of one sender, planned for one moment, of one
        content, hang together), staff_id, member_id, group_id, content_id, tag, targeted (whether
        by a tag), at (planned or sent), sent_at, executed, delivered, clicked (0 or 1), settled
        (whether a day has passed since), over (whether 72 hours have).

    Raises:
        MissingTableError: There are no sends.
    """
    guards.whole("window_days", window_days, low=1)
    s = ds.table("sends")
    at = s.planned_at.fill_null(s.sent_at)
    start = ds.end - dt.timedelta(days=window_days)
    status = s.status.strip().lower().fill_null("")
    executed = (s.sent_at.notnull() & ~status.isin(UNSENT)) | (
        s.sent_at.isnull() & (status != "") & ~status.isin(UNSENT)
    )
    now = ibis.literal(ds.end, "timestamp(6)").epoch_seconds()
    none = ibis.literal("")
    batch = ibis.literal("|").join(
        [
            s.kind,
            s.staff_id.fill_null(none),
            at.cast("string").fill_null(none),
            s.content_id.fill_null(s.tag).fill_null(none),
        ]
    )
    rows = s.select(
        "send_id", "kind", "staff_id", "member_id", "group_id", "content_id", "tag", "sent_at",
        batch=batch,
        targeted=s.tag.notnull(),
        at=at,
        executed=flag(executed),
        delivered=flag(executed & ~status.isin(FAILED)),
        clicked=flag(executed & ~status.isin(FAILED) & s.clicked_at.notnull()),
        settled=(now - at.epoch_seconds()) >= SETTLED_DAYS * _DAY,
        over=(now - s.sent_at.epoch_seconds()) >= AFTER_HOURS * 3600,
    )  # fmt: skip
    rows = rows.filter(rows["at"].notnull(), rows["at"] >= start, rows["at"] < ds.end)
    return rows.anti_join(ds.staff_ids(), "member_id")


def send_rates(
    ds: Dataset,
    window_days: int = WINDOW_DAYS,
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return how many sends were planned, executed, delivered and clicked, by form.

    Args:
        ds: The dataset, with sends.
        window_days: Days up to `as_of`.
        level: Confidence level.
        min_at_risk: Fewer sends are "too_few"; default from the settings.

    Returns:
        Frame by kind and audience ("tag", "everyone"; "group" for sends to groups): kind,
        audience, batches, planned (receivers), executed, delivered, clicked, over (delivered,
        72 hours ago or more), for each of the steps `<step>_rate`, `<step>_low`, `<step>_high`
        (of those before; clicks of `over`), status. Sends of a batch are a cluster. Clicks are
        missing where no send of that row has one: then clicks were not exported.

    Raises:
        MissingTableError: There are no sends.
        NotEnoughDataError: None was planned in the window.
    """
    rows = receipts(ds, window_days)
    rows = rows.filter(rows.settled)
    audience = ibis.cases(
        (rows.group_id.notnull(), "group"), (rows.targeted, "tag"), else_="everyone"
    )
    late = flag(rows.over & (rows.delivered == 1))
    rows = rows.mutate(
        audience=audience,
        one=ibis.literal(1, "int64"),
        late=late,
        clicked_late=rows.clicked * late,
    )
    keys = ["kind", "audience"]
    counts = ds.frame(
        rows.group_by(keys).agg(
            batches=rows.batch.nunique(), planned=rows.count(), executed=rows.executed.sum(),
            delivered=rows.delivered.sum(), clicked=rows.clicked_late.sum(), over=rows.late.sum(),
        ),
        keys,
    )  # fmt: skip
    if counts.empty:
        raise NotEnoughDataError(
            f"no send was planned in the last {window_days} days.",
            fix="Look back further (window_days).",
        )
    least = minimum(ds, min_at_risk)
    for step, (y, x) in {
        "executed": ("executed", "one"), "delivered": ("delivered", "executed"),
        "clicked": ("clicked_late", "late"),
    }.items():  # fmt: skip
        sums = ds.frame(cluster_sums(rows, keys, "batch", y, x), keys)
        sums = counts[keys].merge(sums, on=keys, how="left")
        found = clustered_rates(sums, level=level)
        few = (sums["x"].fillna(0) < least).to_numpy()
        none = (counts["clicked"] == 0).to_numpy() if step == "clicked" else False
        for name in ("rate", "low", "high"):
            counts[f"{step}_{name}"] = found[name].mask(few | none)
    counts["clicked"] = counts["clicked"].astype("Int64").mask(counts["clicked"] == 0)
    counts["status"] = np.where(counts["planned"] >= least, "ok", "too_few")
    order = counts.assign(_first=-counts["planned"]).sort_values(["_first", *keys], kind="stable")
    return order.drop(columns="_first").reset_index(drop=True)


def known_receivers(ds: Dataset, window_days: int = WINDOW_DAYS) -> ir.Table:
    """Return delivered sends to persons, times as whole seconds.

    Args:
        ds: The dataset, with sends.
        window_days: Days up to `as_of`.

    Raises:
        MissingTableError: Sends name no receivers or no time of sending.
    """
    held = ds.columns("sends") if ds.has("sends") else frozenset()
    if not {"member_id", "sent_at"} <= held:
        raise MissingTableError(
            "what follows a send needs sends.member_id and sends.sent_at.",
            where=ds.name,
            fix="Export the result of each send by receiver.",
        )
    rows = receipts(ds, window_days)
    rows = rows.filter(rows.delivered == 1, rows.member_id.notnull(), rows.sent_at.notnull())
    return rows.mutate(second=rows.sent_at.epoch_seconds().cast("int64"))
