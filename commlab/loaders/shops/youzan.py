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
from commlab.loaders import identifiers, values
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
    sheets = open_sheets(paths, writer, options, (BOTH, ORDERS, ITEMS, customers.SHEET))
    known = customers.load([s for s in sheets if s.sheet is customers.SHEET], writer, SETTINGS.zone)
    reports = [item for item in sheets if item.sheet in (BOTH, ORDERS)]
    lines = [(item, items.lines(item)) for item in sheets if item.sheet in (BOTH, ITEMS)]
    people = [customers.as_buyers(known)]
    codes = [known["channel"]]
    if reports:
        chosen, everybody = _orders(reports, lines, known)
        people.append(everybody)
        codes.append(chosen["channel"])
        _write(chosen, lines, writer)
    elif lines:
        orders.require_orders(reports, sheets)
    everybody = pd.concat(people, ignore_index=True)
    writer.add("members", customers.members(buyers.members(everybody), known))
    channels = pd.concat(codes).dropna().drop_duplicates().sort_values()
    writer.add("channels", pd.DataFrame({"channel": channels, "type": "shop"}))
    numbers = everybody[["member_id", "phone"]].dropna().drop_duplicates()
    writer.add(
        "identities", identifiers.identity_rows(numbers["member_id"], "phone", numbers["phone"])
    )


def _orders(
    reports: Sequence[Opened], lines: Sequence[tuple[Opened, pd.DataFrame]], known: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the orders that count, with their buyers, and everybody who ordered."""
    people, parts = [], []
    for opened in reports:
        rows = orders.paid_rows(opened, STATUSES, SETTINGS.zone)
        who = _people(opened, rows, known)
        people.append(who)
        found = orders.one_order(opened, rows)
        found = found.assign(amount=found["paid"], refund=_refund(found, lines))
        first = who.drop_duplicates("order_id").set_index("order_id")
        for column in ("member_id", "channel"):
            found[column] = found["order_id"].map(first[column])
        parts.append((opened, rows, orders.refunds(found)))
    chosen = orders.settle(parts)
    orders.require_some(reports)
    return chosen, pd.concat(people, ignore_index=True)


def _people(opened: Opened, rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    text = opened.text
    nickname = values.to_text(text["nickname"].str.strip()).cells
    number = identifiers.phones(text["phone"])
    stars = identifiers.masked(text["phone"])
    mask = values.to_id(text["phone"]).cells.where(stars & nickname.notna())
    both = (mask + "\x1f" + nickname).astype("str")
    whole = customers.member_ids(number)
    of_customer = both.map(customers.by_mask(known)).astype("str")
    of_mask = "mask-" + identifiers.hashes("phone", both, scope="masked").str[: customers.ID_LENGTH]
    member = whole.where(whole.notna(), of_customer)
    guessed = member.isna() & both.notna()
    member = member.where(~guessed, of_mask)
    opened.doubt(BY_MASK, rows.index[guessed[rows.index]])
    opened.doubt(NOBODY, rows.index[member[rows.index].isna()])
    return pd.DataFrame(
        {
            "order_id": values.to_id(text["order_id"]).cells,
            "member_id": member,
            "at": orders.first_time(text, SETTINGS.zone),
            "phone": number,
            "channel": values.to_id(text["channel"]).cells.fillna(CHANNEL),
        }
    )


def _refund(found: pd.DataFrame, lines: Sequence[tuple[Opened, pd.DataFrame]]) -> pd.Series:
    """Refund of each order: of the order itself where the export has it, else of its lines."""
    sums = pd.Series(dtype="Int64")
    for _, rows in lines:
        # Of one file only: overlapping exports have the same lines twice. The later file wins.
        each = rows.groupby("order_id")["refund"].sum(min_count=1)
        sums = each.combine_first(sums)
    of_lines = found["order_id"].map(sums).astype("Int64")
    return found["refund"].where(found["refund"].notna(), of_lines)


def _write(
    chosen: pd.DataFrame, lines: Sequence[tuple[Opened, pd.DataFrame]], writer: WorkspaceWriter
) -> None:
    writer.add(
        "orders",
        chosen[["order_id", "member_id", "paid_at", "amount", "refund_amount", "channel"]],
    )
    if lines:
        kept = items.choose(lines, set(chosen["order_id"]))
        writer.add("order_items", kept[["order_id", "sku", "product", "quantity", "amount"]])
    writer.report.notes += [
        "joined_at of a buyer without a row in a customers' sheet is the first order in the files.",
        "Refunds have no date in the export: they count at the payment.",
    ]
