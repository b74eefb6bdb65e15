"""Parts loaded one after the other give what all of them give at once: shops and WeCom."""

import json
import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commlab import privacy
from commlab.errors import LoadError, WorkspaceError
from commlab.loaders import load
from commlab.loaders.report import ALREADY, CORRECTION

from .test_incremental import counts, rows, tables
from .wecom.conftest import seconds

DATA = Path(__file__).parents[1] / "data"


def split(name, parts, folder):
    """Load parts one by one, the last twice, and all at once; return both sets of tables."""
    whole = folder / "whole-in"
    for number, files in enumerate(parts):
        part = folder / "parts" / f"{number:02d}"
        for relative, content in files.items():
            for root in (part, whole):
                path = root / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        load(part, name, folder / "split", append=True)
    again = load(part, name, folder / "split", append=True)
    assert counts(again)[:2] == (0, 0), str(again)
    load(whole, name, folder / "whole")
    return tables(folder / "split"), tables(folder / "whole")


def as_files(path, *names):
    return {
        item.relative_to(path).as_posix(): item.read_bytes()
        for item in sorted(path.rglob("*"))
        if item.is_file()
        and (not names or any(name in item.relative_to(path).as_posix() for name in names))
    }


SLOW = pytest.mark.slow


@pytest.mark.parametrize(("name", "parts"), [
    ("taobao", (("List202601",), ("OrderList202606",), ("DetailList",))),
    ("youzan", (("订单",), ("客户",))),
    ("wecom", (("2026-06-01", "2026-06-03"), ("2026-06-02", "callbacks"),
               ("archive", "statistics"))),
    pytest.param("youzan", (("客户",), ("订单",)), marks=SLOW),
    pytest.param("wecom", (("2026-06-01",), ("2026-06-02",), ("2026-06-03",),
                           ("callbacks", "archive"), ("statistics",)), marks=SLOW),
    pytest.param("wecom", (("archive", "callbacks", "statistics"), ("2026-06-02",),
                           ("2026-06-03",), ("2026-06-01",)), marks=SLOW),
])  # fmt: skip
def test_the_made_up_exports(tmp_path, name, parts):
    files = [as_files(DATA / name, *names) for names in parts]
    assert sum(map(len, files)) == len(as_files(DATA / name))
    one, all_ = split(name, files, tmp_path)
    assert one == all_


TAOBAO = (
    "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间,退款金额,联系手机,"
    "收货地址\n"
)
ITEMS = "主订单编号,标题,价格,购买数量\n"
STATES = (
    "等待买家付款",
    "买家已付款，等待卖家发货",
    "卖家已发货，等待买家确认",
    "交易成功",
    "交易关闭",
)


def taobao_months(chance, months=4):
    """Overlapping exports of shops: orders move on, refunds come later, item sheets too."""
    orders = {}
    parts = []
    for month in range(1, months + 1):
        for _ in range(chance.randint(3, 8)):
            number = len(orders)
            orders[number] = [chance.randint(0, 1), month, chance.randint(100, 9999), 0]
        for order in orders.values():
            order[0] = min(order[0] + chance.randint(0, 2), 4)
            if order[0] == 3 and chance.random() < 0.3:
                order[3] = chance.randint(1, order[2])
        lines, items = [TAOBAO], [ITEMS]
        for number, (state, made, cents, refund) in orders.items():
            if made < month - 1:
                continue
            paid = f"2026-{made:02d}-02 10:00:00" if state else ""
            lines.append(
                f"{number},买家{number % 5},{cents / 100},{cents / 100},{STATES[state]},"
                f"2026-{made:02d}-01 09:{number % 60:02d}:00,{paid},{refund / 100},"
                f"1380000{number % 7:04d},{chance.choice(('上海', '广东'))}省某市\n")  # fmt: skip
            items.append(f"{number},面霜{number % 3},{cents / 100},1\n")
        files = {f"ExportOrderList2026{month:02d}.csv": "".join(lines).encode("gbk")}
        # The item sheet of a month may come with the next one's.
        late = chance.random() < 0.4
        parts.append(files)
        target = f"ExportOrderDetailList2026{month:02d}.csv"
        if late:
            parts.append({target: "".join(items).encode("gbk")})
        else:
            files[target] = "".join(items).encode("gbk")
    return parts


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=SLOW) for n in range(1, 20))])
def test_months_of_a_taobao_shop(tmp_path, seed):
    one, all_ = split("taobao", taobao_months(random.Random(seed)), tmp_path)
    assert one == all_
    assert one["order_items"]


YOUZAN = (
    "订单号,订单状态,订单创建时间,买家付款时间,订单实付金额,买家昵称,买家手机号,销售渠道,商品名称,商品单价,"
    "商品数量,商品实际成交金额,商品已退款金额\n"
)
CUSTOMERS = "客户昵称,客户手机号,标签,等级,积分,储值余额,来源渠道,成为客户时间\n"


def youzan_months(chance, months=3):
    """Orders with lines, of masked buyers too; customers' sheets come before or after them."""
    parts = []
    orders = {}
    for month in range(1, months + 1):
        for _ in range(chance.randint(3, 6)):
            orders[len(orders)] = [month, chance.randint(0, 2), 0]
        lines = [YOUZAN]
        for number, order in orders.items():
            order[1] = min(order[1] + chance.randint(0, 1), 2)
            order[2] = chance.choice((order[2], 300))
            if order[0] < month - 1:
                continue
            phone = f"1380000{number % 6:04d}"
            shown = phone if number % 3 else f"138****{number % 6:04d}"
            state = ("待付款", "待发货", "交易完成")[order[1]]
            paid = f"2026-{order[0]:02d}-03 10:00:00" if order[1] else ""
            lines += [
                f"E{number},{state},2026-{order[0]:02d}-02 10:00:00,{paid},30,"
                f"小{number % 6},{shown},微信,商品{line},15,1,15,{order[2] / 100}\n"
                for line in range(1 + number % 2)
            ]
        sheet = [CUSTOMERS]
        sheet += [
            f"小{person},1380000{person:04d},爱好{month};新客,{chance.choice('金银')}卡,"
            f"{chance.randint(0, 50)},{chance.choice((0, 12.5))},微信,"
            f"2026-01-{person + 1:02d} 10:00:00\n"
            for person in range(chance.randint(1, 6))
        ]
        files = [{f"订单_2026-{month:02d}-28.csv": "".join(lines).encode()},
                 {f"客户_2026-{month:02d}-28.csv": "".join(sheet).encode()}]  # fmt: skip
        chance.shuffle(files)
        parts += files
    return parts


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=SLOW) for n in range(1, 20))])
def test_months_of_a_youzan_shop(tmp_path, seed):
    one, all_ = split("youzan", youzan_months(random.Random(seed)), tmp_path)
    assert one == all_


def wecom_days(chance, days=4):
    """Snapshots in which people come and go, callbacks of some of it, and an archive a day."""
    joined, friends = {}, {}
    parts = []
    said = []
    for day in range(1, days + 1):
        now = f"2026-06-{day:02d}"
        for person in range(8):
            if person not in joined and chance.random() < 0.5:
                joined[person] = seconds(f"{now} 01:{person:02d}:00")
            elif person in joined and chance.random() < 0.2:
                del joined[person]
            if person not in friends and chance.random() < 0.5:
                friends[person] = seconds(f"{now} 02:{person:02d}:00")
            elif person in friends and chance.random() < 0.2:
                del friends[person]
        nick = {person: f"名{person}{chance.choice(('', 'x'))}" for person in joined}
        group = {
            "group_chat": {
                "chat_id": "wr1",
                "name": f"群{day}",
                "owner": "boss",
                "create_time": seconds("2026-05-01 00:00"),
                "member_list": [
                    {
                        "userid": f"wm{p}",
                        "type": 2,
                        "join_time": at,
                        "join_scene": 1 + p % 3,
                        "group_nickname": nick[p],
                        "unionid": f"u{p}",
                    }
                    for p, at in joined.items()
                ],
            }
        }
        batch = {
            "external_contact_list": [
                {
                    "external_contact": {"external_userid": f"wm{p}", "name": f"名{p}"},
                    "follow_info": {
                        "userid": "boss",
                        "createtime": at,
                        "add_way": 1 + p % 3,
                        "remark_mobiles": [f"1380000{p:04d}"],
                        "state": f"c{p % 2}",
                        "tag_id": [f"t{p % 3}"] if day > 2 else [],
                    },
                }
                for p, at in friends.items()
            ]
        }
        folder = f"{now}T0300"
        files = {}
        if chance.random() < 0.9:
            files[f"{folder}/group.json"] = group
        if chance.random() < 0.9:
            files[f"{folder}/batch.json"] = batch
        if day == days:
            files[f"{folder}/tags.json"] = {
                "tag_group": [
                    {
                        "group_name": "g",
                        "tag": [{"id": f"t{n}", "name": f"标签{n}"} for n in range(3)],
                    }
                ]
            }
        files[f"statistics/{now}.json"] = {
            "request": {"userid": ["boss"]},
            "response": {
                "behavior_data": [
                    {"stat_time": seconds(f"2026-06-{d:02d} 00:00"), "chat_cnt": d + (d < day)}
                    for d in range(1, day + 1)
                ]
            },
        }
        encoded = {name: json.dumps(body).encode() for name, body in files.items()}
        lines = []
        for n in range(chance.randint(2, 6)):
            at = (seconds(f"{now} 04:00") + n) * 1000
            base = {
                "action": "send",
                "from": f"wm{chance.randrange(8)}",
                "tolist": [],
                "roomid": "wr1",
                "msgtime": at,
            }
            msgid = f"m{day}-{n}"
            text = f"话{len(said)} @名{chance.randrange(8)}\u2005"
            if said and chance.random() < 0.3:
                target = chance.choice(said)
                lines.append(
                    {
                        **base,
                        "msgid": f"r{day}-{n}",
                        "action": "recall",
                        "msgtype": "revoke",
                        "revoke": {"pre_msgid": target[0]},
                    }
                )
            if said and chance.random() < 0.4:
                target = chance.choice(said)
                text = f"「名{target[1]}：{target[2]}」\n- - - - - - - - - - - - - - -\n好{n}"
            lines.append({**base, "msgid": msgid, "msgtype": "text", "text": {"content": text}})
            if "「" not in text:
                said.append((msgid, base["from"][2:], text))
        encoded[f"archive/{now}.jsonl"] = "".join(
            json.dumps(line, ensure_ascii=False) + "\n" for line in lines
        ).encode()
        events = [
            {
                "Event": "change_external_chat",
                "ChangeType": "update",
                "ChatId": "wr1",
                "UpdateDetail": "del_member",
                "MemChangeCnt": 1,
                "QuitScene": 0,
                "MemChangeList": ["wm1"],
                "CreateTime": seconds(f"{now} 02:30"),
            }
        ]
        encoded[f"callbacks/{now}.jsonl"] = (json.dumps(events[0]) + "\n").encode()
        parts.append(encoded)
    return parts


@pytest.mark.parametrize("order", ["in time", pytest.param("back in time", marks=SLOW)])
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=SLOW) for n in range(1, 15))])
def test_days_of_wecom_whatever_their_order(tmp_path, seed, order):
    parts = wecom_days(random.Random(seed))
    one, all_ = split("wecom", parts if order == "in time" else parts[::-1], tmp_path)
    if order == "back in time":
        # Statistics say nothing of their own day: of two, the one that was read last is right.
        one.pop("staff_days"), all_.pop("staff_days")
    assert one == all_
    assert any(row["left_at"] for row in one["memberships"])
    assert any(row["reply_to"] for row in one["messages"])


def message(**fields):
    line = {"action": "send", "from": "wm1", "tolist": [], "roomid": "wr1", **fields}
    return (json.dumps(line) + "\n").encode()


def test_a_withdrawal_in_a_later_load_and_one_that_comes_first(tmp_path):
    one = message(msgid="a", msgtime=1780279200000, msgtype="text", text={"content": "x"})
    two = message(msgid="r", msgtime=1780279300000, msgtype="revoke", revoke={"pre_msgid": "a"})
    other = message(msgid="b", msgtime=1780279400000, msgtype="text", text={"content": "y"})
    for number, parts in enumerate(([one, two], [two + other, one])):
        files = [{f"{n}.jsonl": part} for n, part in enumerate(parts)]
        loaded, whole = split("wecom", files, tmp_path / str(number))
        assert loaded == whole
        assert [row["revoked"] for row in loaded["messages"]] == [True, False][: 1 + number]


def test_a_refund_in_a_later_export_is_a_correction(tmp_path):
    head = "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单付款时间,退款金额\n"
    row = "{},a,50,{},交易成功,2026-01-01 08:01:00,{}\n"
    for name, text in (
        ("1", row.format(1, 50, 0) + row.format(2, 50, 0)),
        ("2", row.format(1, 30, 20) + row.format(2, 50, 0) + row.format(3, 50, 0)),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.csv").write_text(head + text)
    load(tmp_path / "1", "taobao", tmp_path / "w")
    report = load(tmp_path / "2", "taobao", tmp_path / "w", append=True)
    (account,) = report.accounts
    assert account.loaded[CORRECTION] == 1
    assert account.not_loaded[ALREADY].rows == 1
    assert counts(report) == (1, 1, 1, 0)
    first = rows(tmp_path / "w", "orders")[0]
    assert (str(first["amount"]), str(first["refund_amount"])) == ("50.00", "20.00")


def test_another_secret_and_a_workspace_without_its_sources(tmp_path, monkeypatch):
    load(DATA / "youzan", "youzan", tmp_path / "w")
    monkeypatch.setattr(privacy, "secret", lambda: b"another")
    with pytest.raises(WorkspaceError, match="another secret"):
        load(DATA / "youzan", "youzan", tmp_path / "w", append=True)
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "w" / "sources")
    with pytest.raises(WorkspaceError, match="keeps nothing of the sources"):
        load(DATA / "youzan", "youzan", tmp_path / "w", append=True)
    load(DATA / "youzan", "youzan", tmp_path / "w")
    (tmp_path / "w" / "sources" / "orders.parquet").write_bytes(b"PAR1")
    with pytest.raises(WorkspaceError, match=r"sources/orders\.parquet: cannot be read"):
        load(DATA / "youzan", "youzan", tmp_path / "w", append=True)


@pytest.mark.parametrize("name", ["taobao", "youzan", "wecom"])
def test_what_is_kept_of_the_sources_names_no_phone(tmp_path, name):
    load(DATA / name, name, tmp_path / "w")
    kept = sorted((tmp_path / "w" / "sources").glob("*.parquet"))
    assert kept
    text = "".join(pq.read_table(path).to_pandas().to_csv() for path in kept)
    assert "1380000" not in text
    assert "138****" not in text


def test_lines_without_their_orders_wait_for_them(tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(DATA / "taobao" / "ExportOrderDetailList202606.csv", tmp_path / "in")
    with pytest.raises(LoadError, match="no order report"):
        load(tmp_path / "in", "taobao", tmp_path / "w", append=True)
