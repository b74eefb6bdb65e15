"""Loading again, with more beside the old: equal where nothing is new, corrected where it is."""

import json
import os
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commlab.loaders import load
from commlab.loaders.log import LOG_FILE

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"


def contents(folder):
    """Every file but the log, which has the time of day."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != LOG_FILE}  # fmt: skip


def table(folder, name):
    return pq.read_table(folder / f"{name}.parquet")


@pytest.mark.parametrize("name", ["taobao", "youzan", "wecom"])
def test_the_same_files_give_the_same_workspace(tmp_path, name):
    out = tmp_path / "w"
    load(DATA / name, name, out)
    first = contents(out)
    load(DATA / name, name, out)
    assert contents(out) == first


def test_a_late_refund_corrects_an_order(tmp_path):
    header = "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单付款时间,退款金额\n"
    row = "1,a,50,{},{},2026-01-01 08:01:00,{}\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "202601.csv").write_text(header + row.format(50, "交易成功", 0))
    load(tmp_path / "in", "taobao", tmp_path / "w")
    assert table(tmp_path / "w", "orders")["refund_amount"].to_pylist() == [Decimal("0.00")]
    (tmp_path / "in" / "202602.csv").write_text(header + row.format(30, "交易成功", 20))
    load(tmp_path / "in", "taobao", tmp_path / "w")
    (order,) = table(tmp_path / "w", "orders").to_pylist()
    assert (order["amount"], order["refund_amount"]) == (Decimal("50.00"), Decimal("20.00"))


def test_a_message_withdrawn_in_the_next_archive_is_marked(tmp_path):
    def write(name, **message):
        line = {"action": "send", "from": "wm1", "tolist": [], "roomid": "wr1", **message}
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(json.dumps(line) + "\n")

    write("1.jsonl", msgid="a", msgtime=1780279200000, msgtype="text", text={"content": "x"})
    load(tmp_path / "in", "wecom", tmp_path / "w")
    assert table(tmp_path / "w", "messages")["revoked"].to_pylist() == [False]
    write("2.jsonl", msgid="b", msgtime=1780279300000, msgtype="revoke", revoke={"pre_msgid": "a"})
    load(tmp_path / "in", "wecom", tmp_path / "w")
    assert table(tmp_path / "w", "messages")["revoked"].to_pylist() == [True]


KILLED = """
import sys, time
from commlab.loaders import load, place
take = place.Place.take
def slowly(self):
    print("built", flush=True)
    time.sleep(60)
    take(self)
place.Place.take = slowly
load(sys.argv[1], "taobao", sys.argv[2])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_load_that_is_killed_leaves_the_workspace_as_it_was(tmp_path):
    source, out = tmp_path / "in", tmp_path / "w"
    source.mkdir()
    shutil.copy(DATA / "taobao" / "ExportOrderList202601.csv", source)
    load(source, "taobao", out)
    before = contents(out)
    shutil.copy(DATA / "taobao" / "ExportOrderList202606.csv", source)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(out)], env=env,
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout.readline() == "built\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert contents(out) == before
    load(source, "taobao", out)
    assert table(out, "orders").num_rows > 1
