"""Loading: a GBK export against DuckDB's own reading of the same rows as UTF-8, and archives.

python benchmarks/loading.py --rows 1e6        an order export (GBK, with a map)
python benchmarks/loading.py --archive 1       a message archive of so many GB

The order export has a title's worth of traps (money with signs, ids as text, a status to filter).
DuckDB reads the same rows from UTF-8 into Parquet with columns of text: nothing is parsed, hashed
or accounted for, so it is a bound, not a rival. Each side is a process of its own; the kit's peak
memory is that of its process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEADER = "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,收货地址,订单创建时间,订单付款时间,退款金额"
_MAP = """
[[orders]]
where = [{ column = "订单状态", in = ["交易成功"] }]
columns.order_id = "订单编号"
columns.member_id = "买家会员名"
columns.paid_at = "订单付款时间"
columns.amount = "买家实际支付金额"
columns.refund_amount = "退款金额"
"""
_PEER = """
import duckdb, sys
duckdb.sql(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}', all_varchar = true)) "
           f"TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
"""
_LOAD = """
import sys, pathlib
from commlab.loaders import load
source, name, out, plan = sys.argv[1:]
report = load(source, name, out, plan or None)
status = pathlib.Path("/proc/self/status")
if status.is_file():
    (peak,) = [row for row in status.read_text().splitlines() if row.startswith("VmHWM")]
    print(int(peak.split()[1]) // 1024)
"""


def _timed(script: str, *arguments: str) -> tuple[float, float, str]:
    """Return seconds, processor seconds and output of a script in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COMMLAB_SECRET": "a benchmark"}
    started, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, env=env,
                          capture_output=True, text=True)  # fmt: skip
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return time.perf_counter() - started, used, done.stdout.strip()


def orders(folder: Path, rows: int, repeats: int) -> None:
    """Time an order export."""
    chance = random.Random(0)
    lines = [_HEADER]
    for n in range(rows):
        day = f"2026/{chance.randint(1, 6)}/{chance.randint(1, 28)} {chance.randint(0, 23)}:05:00"
        paid = f"{chance.randint(1, 99_999) / 100:.2f}"
        status = "交易成功" if chance.random() < 0.9 else "交易关闭"
        lines.append(f'="{10**17 + n}",买家{chance.randint(0, rows // 3)},￥{paid},{paid},{status},'
                     f"上海 上海市 某区 某路{n}号,{day},{day},0.00")  # fmt: skip
    text = "\n".join(lines) + "\n"
    (folder / "gbk.csv").write_bytes(text.encode("gbk"))
    (folder / "utf8.csv").write_text(text, encoding="utf-8")
    (folder / "map.toml").write_text(_MAP, encoding="utf-8")
    kit: list[tuple[float, float]] = []
    peer: list[tuple[float, float]] = []
    memory = ""
    for turn in range(repeats):
        *took, memory = _timed(_LOAD, str(folder / "gbk.csv"), "files", str(folder / f"w{turn}"),
                              str(folder / "map.toml"))  # fmt: skip
        kit.append((took[0], took[1]))
        peer.append(_timed(_PEER, str(folder / "utf8.csv"), str(folder / "peer.parquet"))[:2])
    for place, what in enumerate(("", " of the processors")):
        ours, theirs = (min(side[place] for side in sides) for sides in (kit, peer))
        print(f"GBK CSV, {rows:,} rows: {ours:.2f} s{what}, DuckDB's UTF-8 CSV {theirs:.2f} s "
              f"({theirs / ours:.2f} of its speed)")  # fmt: skip
    print(f"peak {memory} MB")


def archive(folder: Path, gigabytes: float) -> None:
    """Time a message archive."""
    chance = random.Random(0)
    path = folder / "archive.jsonl"
    size, n = 0, 0
    with path.open("w", encoding="utf-8") as stream:
        while size < gigabytes * 1e9:
            block = "".join(json.dumps(_message(n + k, chance), ensure_ascii=False) + "\n"
                            for k in range(20_000))  # fmt: skip
            size += len(block.encode())
            n += 20_000
            stream.write(block)
    took, used, memory = _timed(_LOAD, str(path), "wecom", str(folder / "w"), "")
    print(f"archive, {size / 1e9:.2f} GB, {n:,} messages: {took:.1f} s "
          f"({size / 1e6 / took:.0f} MB/s; {size / 1e6 / used:.0f} MB per second of a processor), "
          f"peak {memory} MB")  # fmt: skip


def _message(n: int, chance: random.Random) -> dict[str, object]:
    words = f"第{n}条：这款面霜敏感肌可以用吗？朋友推荐来的，想先看看成分表。"
    if n % 20 == 19:
        words = f"这是一条引用/回复消息：\n“某人：\n第{n - 3}条”\n------\n可以的，成分温和"
    return {
        "msgid": f"{n}_{chance.getrandbits(64)}_external", "action": "send",
        "from": f"wm{chance.randint(0, 50_000):030d}", "tolist": [f"wm{k:030d}" for k in range(8)],
        "roomid": f"wr{chance.randint(0, 400):030d}", "msgtime": 1767225600000 + n * 37,
        "msgtype": "text", "text": {"content": words},
    }  # fmt: skip


def main() -> None:
    """Read the command line and time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=0, help="rows of an order export")
    parser.add_argument("--archive", type=float, default=0, help="GB of a message archive")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="commlab-benchmark-") as folder:
        if options.rows:
            orders(Path(folder), int(options.rows), options.repeats)
        if options.archive:
            archive(Path(folder), options.archive)


if __name__ == "__main__":
    main()
