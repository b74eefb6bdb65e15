"""`--format youzan`: orders, order lines and customers exported from Youzan.

* Paid orders count (`shops/orders.py`). An export with a row an item repeats the order's total,
  which is read once.
* A refund is the sum of 商品已退款金额 over an order's lines, at most the payment; a closed order
  that was paid is refunded whole. Refunds have no date: they count at the payment.
* A buyer with a whole 买家手机号 is that phone, hashed. With a masked one (138****5678) it is the
  customer of that mask and nickname, where the customers' sheet has exactly one; else mask and
  nickname together, which two people may share: counted. A nickname alone names nobody.
  收货人手机号 is the receiver's and identifies no buyer.
* Customers become members: 成为客户时间, 等级 a tier, 积分 an opening balance, 标签 tags. What an
  export shows is known as of its day: that in the file's name (客户_2026-06-30.xlsx), else the
  latest time in it. 储值余额 (stored value) has no canonical table: who holds some is tagged
  `stored_value`, and the report has the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from commlab.config import Settings
from commlab.loaders import carried, identifiers, values
from commlab.loaders.options import Options
from commlab.loaders.shops import buyers, customers, items, orders
from commlab.loaders.shops.sheets import Opened, Sheet, open_sheets
from commlab.loaders.workspace import WorkspaceWriter

SETTINGS = Settings(name="Youzan")
CHANNEL = "youzan"
STATUSES = orders.Statuses(
    unpaid=("待付款", "等待买家付款"),
    paid=("待成团", "待接单", "待发货", "等待商家发货", "部分发货", "待收货", "已发货",
          "商家已发货", "交易完成", "已完成", "交易成功"),
    closed=("已关闭", "交易关闭"),
)  # fmt: skip
_ORDER = {
    "order_id": ("订单号", "订单编号"),
    "status": ("订单状态",),
    "created_at": ("订单创建时间",),
    "paid_at": ("买家付款时间", "付款时间"),
    "paid": ("订单实付金额", "订单实收金额"),
    "total": ("应收订单金额",),
    "refund": ("订单已退款金额",),
    "nickname": ("买家昵称",),
    "phone": ("买家手机号",),
    "channel": ("销售渠道", "订单来源"),
}
_LINE = {
    "product": ("商品名称",),
    "sku": ("规格编码", "商品编码"),
    "price": ("商品单价",),
    "quantity": ("商品数量",),
    "item_paid": ("商品实际成交金额",),
    "item_refund": ("商品已退款金额",),
}
BOTH = Sheet(
    "orders with their lines", "orders + order_items + members", {**_ORDER, **_LINE},
    required=("order_id", "paid", "paid_at", "product", "quantity"),
)  # fmt: skip
ORDERS = Sheet("orders", "orders + members", _ORDER, required=("order_id", "paid", "paid_at"))
ITEMS = Sheet(
    "order lines", "order_items", {"order_id": _ORDER["order_id"], **_LINE},
    required=("order_id", "product", "quantity"),
)  # fmt: skip
KEPT = {
    "orders": {"order_id": "str", "rank": "float64", "paid_at": carried.TIME, "paid": "Int64",
               "total": "Int64", "refund": "Int64", "closed": "bool", "whole": "str",
               "masked": "str", "channel": "str"},
    "people": {"order_id": "str", "whole": "str", "masked": "str", "at": carried.TIME,
               "phone": "str", "channel": "str"},
    "lines": items.COLUMNS,
    "sums": {"order_id": "str", "refund": "Int64"},
}  # fmt: skip
BY_MASK = "buyer known by masked phone and nickname only: two people may share them"
NOBODY = "neither phone nor a masked phone with nickname: the buyer is unknown"


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load exports of orders, lines and customers into a workspace.

    Args:
        paths: Files and folders.
        writer: Writer of the workspace.
        options: Encoding.

    Raises:
        LoadError: A file cannot be read, or nothing in it is of this format, or no order was paid.
    """
    writer.begin(SETTINGS)
    carried.check_secret(writer)
    before = {name: carried.kept(writer, name, columns) for name, columns in KEPT.items()}
    sheets = open_sheets(paths, writer, options, (BOTH, ORDERS, ITEMS, customers.SHEET))
    known = customers.load([s for s in sheets if s.sheet is customers.SHEET], writer, SETTINGS.zone)
    reports = [item for item in sheets if item.sheet in (BOTH, ORDERS)]
    lines = [(item, items.lines(item)) for item in sheets if item.sheet in (BOTH, ITEMS)]
    if lines:
        orders.require_orders(reports, [item for item, _ in lines], before["orders"])
    sums = _sums(lines, before["sums"])
    chosen, everybody = _orders(reports, sums, known, before, writer)
    if len(chosen):
        _write(chosen, lines, before["lines"], writer)
    people = [customers.as_buyers(known), everybody]
    everybody = pd.concat([part for part in people if len(part)] or people, ignore_index=True)
    writer.add("members", customers.members(buyers.members(everybody), known))
    codes = pd.concat([known["channel"], chosen["channel"]])
    channels = codes.dropna().drop_duplicates().sort_values()
    writer.add("channels", pd.DataFrame({"channel": channels, "type": "shop"}))
    numbers = everybody[["member_id", "phone"]].dropna().drop_duplicates()
    writer.add(
        "identities", identifiers.hashed_rows(numbers["member_id"], "phone", numbers["phone"])
    )
    carried.keep(writer, "sums", sums.rename("refund").reset_index(), KEPT["sums"])


def _orders(
    reports: Sequence[Opened], sums: pd.Series, known: pd.DataFrame,
    before: dict[str, pd.DataFrame], writer: WorkspaceWriter,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return the orders that count, with their buyers, and everybody who ordered."""
    people, parts = [before["people"]], []
    for opened in reports:
        rows = orders.paid_rows(opened, STATUSES, SETTINGS.zone)
        who = _people(opened)
        people.append(who)
        _doubts(opened, rows, _member(who, known), who)
        found = orders.one_order(opened, rows)
        first = who.drop_duplicates("order_id").set_index("order_id")
        for column in ("whole", "masked", "channel"):
            found[column] = found["order_id"].map(first[column]).astype("str")
        parts.append((opened, rows, _refunded(found, sums)))
    chosen = orders.settle(parts, _refunded(before["orders"], sums))
    orders.require_some(reports)
    everybody = pd.concat(people, ignore_index=True)
    for name, frame in (("orders", chosen), ("people", everybody)):
        carried.keep(writer, name, frame, KEPT[name])
    return (chosen.assign(member_id=_member(chosen, known)),
            everybody.assign(member_id=_member(everybody, known)))  # fmt: skip


def _people(opened: Opened) -> pd.DataFrame:
    text = opened.text
    nickname = values.to_text(text["nickname"].str.strip()).cells
    number = identifiers.phones(text["phone"])
    stars = identifiers.masked(text["phone"])
    mask = values.to_id(text["phone"]).cells.where(stars & nickname.notna())
    return pd.DataFrame(
        {
            "order_id": values.to_id(text["order_id"]).cells,
            "whole": customers.member_ids(number),
            "masked": customers.mask_keys(mask, nickname),
            "at": orders.first_time(text, SETTINGS.zone),
            "phone": identifiers.hashes("phone", number),
            "channel": values.to_id(text["channel"]).cells.fillna(CHANNEL),
        }
    )


def _member(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Who bought: by the whole number, else the customer of mask and nickname, else these."""
    of_customer = rows["masked"].map(customers.by_mask(known)).astype("str")
    of_mask = ("mask-" + rows["masked"].str[: customers.ID_LENGTH]).astype("str")
    member = rows["whole"].where(rows["whole"].notna(), of_customer)
    return member.where(member.notna(), of_mask).astype("str")


def _doubts(opened: Opened, rows: pd.DataFrame, member: pd.Series, who: pd.DataFrame) -> None:
    guessed = member.str.startswith("mask-").fillna(False).astype(bool) & who["whole"].isna()
    opened.doubt(BY_MASK, rows.index[guessed[rows.index]])
    opened.doubt(NOBODY, rows.index[member[rows.index].isna()])


def _sums(lines: Sequence[tuple[Opened, pd.DataFrame]], before: pd.DataFrame) -> pd.Series:
    """Refund of each order by its lines."""
    sums = before.set_index("order_id")["refund"]
    for _, rows in lines:
        # Of one file only: overlapping exports have the same lines twice. The later file wins.
        each = rows.groupby("order_id")["refund"].sum(min_count=1)
        sums = each.combine_first(sums)
    return sums.rename_axis("order_id")


def _refunded(found: pd.DataFrame, sums: pd.Series) -> pd.DataFrame:
    """Orders with their refunds: of the order itself where the export has it, else of its lines."""
    own = found["refund"]
    of_lines = found["order_id"].map(sums).astype("Int64")
    told = found.assign(amount=found["paid"], refund=own.where(own.notna(), of_lines))
    return orders.refunds(told).assign(refund=own)


def _write(
    chosen: pd.DataFrame, lines: Sequence[tuple[Opened, pd.DataFrame]], before: pd.DataFrame,
    writer: WorkspaceWriter,
) -> None:  # fmt: skip
    writer.add(
        "orders",
        chosen[["order_id", "member_id", "paid_at", "amount", "refund_amount", "channel"]],
    )
    kept, every = items.choose(lines, set(chosen["order_id"]), before)
    if len(every):
        writer.add("order_items", kept[["order_id", "sku", "product", "quantity", "amount"]])
    carried.keep(writer, "lines", every, KEPT["lines"])
    writer.report.notes += [
        "joined_at of a buyer without a row in a customers' sheet is the first order in the files.",
        "Refunds have no date in the export: they count at the payment.",
    ]
