"""Proposed maps: right where names are known, silent about contents, never loaded unread."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from commlab.cli import main
from commlab.errors import LoadError
from commlab.loaders import load
from commlab.loaders.guess import guess
from commlab.loaders.guess_words import CONSTANTS, WORDS
from commlab.tables import TABLES

DATA = Path(__file__).parents[1] / "data"
FILES = {
    "orders": "订单编号,会员ID,支付时间,实付金额（分）,退款金额（分）,渠道,手机号,备注\n"
    "1,a,2026-01-01 08:00,1250,0,商城,13800000001,很急\n",
    "order_items": "Order No,SKU,Product Name,Qty,Line Total\n1,x,Cream,2,9.90\n",
    "members": "会员编号,性别,省份,注册时间,来源渠道\na,女,上海,2026/1/1,小程序\n",
    "messages": "msgid,roomid,from,msgtime,content\nm1,g,a,1780279200000,hi\n",
    "memberships": "群ID,成员ID,入群时间,退群时间,邀请人\ng,a,2026-01-01,,b\n",
    "sends": "任务ID,发送员工,接收客户,发送时间,发送状态\n1,s,a,2026-01-01 08:00,已发送\n",
    "points": "会员号,变动积分,变动原因,变动时间\na,10,签到,2026-01-01\n",
    "coupons": "优惠券批次,领取人,领取时间,核销时间,面值\nb,a,2026-01-01,,5\n",
}


def file(tmp_path, text, name="export.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("table", FILES)
def test_a_known_export_is_mapped_whole_and_the_map_loads(tmp_path, table):
    path = file(tmp_path, FILES[table])
    proposal = guess([path])
    assert f"[[{table}]]" in proposal
    plan = tmp_path / "map.toml"
    plan.write_text(proposal, encoding="utf-8")
    assert load(path, "files", tmp_path / "w", plan).tables == {table: 1}


def test_money_in_fen_is_seen_in_the_header(tmp_path):
    path = file(tmp_path, FILES["orders"])
    (tmp_path / "map.toml").write_text(guess([path]), encoding="utf-8")
    load(path, "files", tmp_path / "w", tmp_path / "map.toml")
    (row,) = pq.read_table(tmp_path / "w" / "orders.parquet").to_pylist()
    assert str(row["amount"]) == "12.50"


def test_nothing_of_the_contents_is_printed_and_a_phone_is_no_id(tmp_path):
    proposal = guess([file(tmp_path, FILES["orders"])])
    assert not [word for word in ("13800000001", "很急", "商城", "1250") if word in proposal]
    assert '# not used: "手机号" (phone' in proposal
    proposal = guess([file(tmp_path, FILES["orders"].replace(",a,", ",13800000002,"))])
    assert 'columns.member_id = "会员ID"' not in proposal


def test_a_doubtful_proposal_is_commented_out_and_does_not_load(tmp_path):
    text = "订单编号,会员ID,支付时间,实付金额,订单状态\n1,a,很早,五元,交易成功\n"
    path = file(tmp_path, text)
    proposal = guess([path])
    assert '# ? columns.paid_at = "支付时间": its cells look like text' in proposal
    assert 'columns.paid_at = "?"' in proposal
    (tmp_path / "map.toml").write_text(proposal, encoding="utf-8")
    with pytest.raises(LoadError, match=r"has no column '\?'"):
        load(path, "files", tmp_path / "w", tmp_path / "map.toml")


def test_which_statuses_mean_paid_the_analyst_says(tmp_path):
    text = FILES["orders"].replace("备注", "订单状态").replace("很急", "交易成功")
    path = file(tmp_path, text + text.splitlines()[1].replace("1,", "2,", 1) + "\n")
    (tmp_path / "map.toml").write_text(guess([path]), encoding="utf-8")
    with pytest.raises(LoadError, match=r"none of its 2 rows .* It holds 交易成功 \(2\)"):
        load(path, "files", tmp_path / "w", tmp_path / "map.toml")


def test_known_formats_are_named():
    assert "--format taobao" in guess([DATA / "taobao"])
    assert "--format youzan" in guess([DATA / "youzan"])


def test_names_with_signs_of_globs_and_toml(tmp_path):
    path = file(tmp_path, FILES["points"], name='points [1] "a".csv')
    (tmp_path / "map.toml").write_text(guess([path]), encoding="utf-8")
    assert load(path, "files", tmp_path / "w", tmp_path / "map.toml").tables == {"points": 1}


def test_a_file_like_nothing(tmp_path):
    with pytest.raises(LoadError, match=r"export\.csv: resembles no canonical table"):
        guess([file(tmp_path, "a,b\n1,2\n")])


def test_the_command_prints_and_loads_nothing(tmp_path):
    path = file(tmp_path, FILES["points"])
    done = CliRunner().invoke(main, ["load", str(path), "--guess"])
    assert done.exit_code == 0
    assert done.stdout == guess([path])
    assert sorted(item.name for item in tmp_path.iterdir()) == ["export.csv"]
    for more in (["--out", "w"], ["--format", "files"]):
        done = CliRunner().invoke(main, ["load", str(path), "--guess", *more])
        assert done.exit_code == 2
        assert "loads nothing" in done.stderr
    for missing in ("--format", "--out"):
        given = ["--format", "files", "--out", "w"]
        at = given.index(missing)
        done = CliRunner().invoke(main, ["load", str(path), *given[:at], *given[at + 2 :]])
        assert done.exit_code == 2
        assert f"Missing option '{missing}'" in done.stderr


def test_every_word_is_of_a_declared_column():
    for table, columns in WORDS.items():
        assert set(columns) <= set(TABLES[table].names)
        named = set(columns) | {column for name, column in CONSTANTS if name == table}
        assert set(TABLES[table].required) <= named
