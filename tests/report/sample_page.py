"""A made-up notebook, its texts and its workspace, for tests of pages."""

from __future__ import annotations

import os
import shutil
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "02_sample"

EN = '''
[page]
title = "Who stays in the community?"
question = "Which members are still active after they joined, and where are they lost?"
[card]
month1 = "Active one month after joining"
month3 = "Active three months after joining"
revenue = "Net revenue per retained member"
lost = "Members lost in the period"
dormant = "Dormant members won back"
[adds]
messages = "which members speak, and when groups go quiet."
contacts = "who deleted the adviser within 24 hours, 7 and 30 days."
[finding]
channel = "Sample-machine members: half gone by month 2"
steady = "Store members stay: {rate} are active after three months"
[say]
channel = """
{rate} of the members from sample machines are active in month 2, {store:share} of those who came
through a store. The difference is more than chance.

Association, not effect: people choose their channel."""
[action]
care = "Call members who joined through a sample machine within their first two weeks"
close = "Ask those who left why"
'''

ZH = '''
[page]
title = "谁留在了社群里？"
question = "成员入群后还有多少人保持活跃？主要流失在哪里？"
[card]
month1 = "入群次月留存率"
month3 = "入群三个月留存率"
revenue = "每位留存成员净收入"
lost = "本期流失成员"
dormant = "沉睡成员召回"
[adds]
messages = "哪些成员在发言，群聊从何时开始沉寂。"
contacts = "加好友后24小时、7天和30天内的删好友率。"
[finding]
channel = "派样机渠道成员：第二个月流失过半"
steady = "门店成员更稳定：三个月后{rate}仍活跃"
[say]
channel = """
派样机渠道的成员，第二个月仍活跃的占{rate}，门店渠道为{store:share}，差异超出偶然波动。

这是相关关系，并非因果效应：渠道由成员自己选择。"""
[action]
care = "入群两周内，由导购一对一联系派样机渠道的新成员"
close = "回访退群成员，了解原因"
'''

CELLS = (
    ("parameters", 'data = ""\nas_of = ""\nlang = "both"\nrun_folder = ""  # hidden'),
    ("injected-parameters", '# Parameters\ndata = "SECRET_PATH"'),
    (
        "",
        "import commlab as cl\nimport warnings\nfrom commlab.estimate import Estimate\n"
        'cl.report.begin("02_sample", data=data, as_of=as_of, lang=lang, '
        "run_folder=run_folder, seed=0)\n"
        'warnings.warn("3 rows had no date")',
    ),
    (
        "",
        'now = Estimate(value=.461, low=.43, high=.49, n=900, unit="share", method="Wilson")\n'
        'before = Estimate(value=.44, low=.41, high=.47, n=1054, unit="share", method="Wilson")\n'
        'late = Estimate(value=.31, low=.29, high=.33, n=2100, unit="share", method="Wilson")\n'
        'worth = Estimate(value=12345, low=11020, high=13910, n=900, unit="money")\n'
        'cl.report.put("sample.month1", now, previous=before, good="up")\n'
        'cl.report.put("sample.month3", late, previous=before, good="up")\n'
        'cl.report.put("sample.revenue", worth, previous=worth, good="up")\n'
        'cl.report.put("sample.lost", Estimate.count(1234, unit="members"))\n'
        'few = Estimate.too_few(12, unit="share", minimum=30)\n'
        'cl.report.put("sample.dormant", few)\n',
    ),
    (
        "",
        'keys = ["month1", "month3", "revenue", "lost", "dormant"]\n'
        'cl.report.cards(*(f"sample.{key}" for key in keys))\n'
        "act = cl.report.Action\n"
        "cl.report.actions([\n"
        '    act(text="sample.action.close", people=3),\n'
        '    act(text="sample.action.care", people=412, value=worth, list_name="care"),\n'
        "])",
    ),
    (
        "",
        'cl.report.heading("sample.finding.channel")\n'
        "cl.report.show(sample_page.chart, 12)\n"
        'cl.report.say("sample.say.channel", rate=late, store=.61)\n'
        "cl.report.show(sample_page.table, 12)",
    ),
    (
        "",
        'cl.report.heading("sample.finding.steady", rate=now)\n'
        "cl.report.show(sample_page.chart, 6)\n"
        "cl.report.show(sample_page.table, 4)",
    ),
    ("", 'import pandas as pd\npd.DataFrame({"a": ["<script>alert(1)</script>"], "b": [1]})'),
    ("", "cl.report.end()"),
)


def chart(rows: int, *, lang: str, narrow: bool = False):
    from commlab.charts import style

    return style.chart(_chart)(rows, lang, narrow)


def _chart(rows: int, lang: str, narrow: bool):
    from commlab.charts import style

    title = {"en": f"Half gone by month {rows}", "zh": f"第{rows}个月流失过半"}
    sub = {"en": "share of members active, %", "zh": "活跃成员占比，%"}
    made = style.figure(
        title=title[lang], subtitle=sub[lang], foot="n = 1,054", lang=lang, narrow=narrow
    )
    made.add_subplot().plot(range(rows), [1 / (1 + i) for i in range(rows)])
    return made


def table(rows: int, *, lang: str):
    from great_tables import GT

    head = {"en": ["Channel", "Retention"], "zh": ["渠道", "留存率"]}[lang]
    cells = [f"<b>channel {i}</b>" for i in range(rows)]
    frame = pd.DataFrame({head[0]: cells, head[1]: ["44 % (41–47)"] * rows})
    for i in range(6):
        frame[f"n {i}"] = range(1000, 1000 + rows)
    return GT(frame, id="sample").tab_header("By channel" if lang == "en" else "按渠道")


def write_texts(folder: Path) -> Path:
    """Catalogues of the kit and of the sample."""
    text = folder / "text"
    shutil.copytree(ROOT / "commlab" / "text", text, ignore=shutil.ignore_patterns("*.py"))
    (text / "en" / "sample.toml").write_text(EN, encoding="utf-8")
    (text / "zh" / "sample.toml").write_text(ZH, encoding="utf-8")
    return text


def tables() -> dict[str, pd.DataFrame]:
    times = ["2026-05-01 10:00", "2026-06-29 10:00", "2026-07-01 09:00"]
    orders = pd.DataFrame(
        {"order_id": ["a", "b", "c"], "member_id": ["m1", "m2", "m3"], "paid_at": times,
         "amount": [10.0, 20.0, 30.0]}
    )  # fmt: skip
    members = pd.DataFrame({"member_id": ["m1", "m2", "m3"], "joined_at": times})
    return {"members": members, "orders": orders}


def write_workspace(folder: Path) -> Path:
    """Write the tables as a workspace."""
    data = folder / "workspace"
    data.mkdir()
    for name, frame in tables().items():
        for column in set(frame) & {"joined_at", "paid_at"}:
            local = pd.to_datetime(frame[column]).dt.tz_localize("Asia/Shanghai")
            frame[column] = local.dt.tz_convert("UTC").dt.as_unit("us")
        frame.to_parquet(data / f"{name}.parquet", index=False)
    return data


def metadata() -> dict:
    about = {"topic": "sample", "needs": [["orders"]], "uses": ["members", "messages", "contacts"]}
    return {"commlab": about, "kernelspec": {"name": "python3", "display_name": "Python 3"}}


def notebook(text: Path, data: Path, run_folder: str = "", lang: str = "both"):
    """The sample, ready to execute."""
    setup = (
        "import sys; from pathlib import Path\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests' / 'report')!r}]\n"
        "import sample_page, commlab.text.catalogue as catalogue\n"
        f"catalogue.FOLDER = Path({str(text)!r})"
    )
    cells = [new_code_cell(setup, metadata={"tags": ["remove-cell"]})]
    titles = {
        "en": "# Who stays?\n\nWho is **active** after joining, and where are members lost?",
        "zh": "# 谁留下来了？\n\n成员入群后还有多少人**活跃**？",
    }
    for name, words in titles.items():
        cells.append(new_markdown_cell(words, metadata={"tags": [f"lang-{name}"]}))
    for tag, source in CELLS:
        cells.append(new_code_cell(source, metadata={"tags": [tag] if tag else []}))
        if tag == "injected-parameters":
            values = f"data = {str(data)!r}\nas_of = '2026-06-30'\nlang = {lang!r}\n"
            cells[-1].source = f"# Parameters\n{values}run_folder = {run_folder!r}"
    return new_notebook(cells=cells, metadata=metadata())


def execute(node, folder: Path, *, allow_errors: bool = False) -> Path:
    """Run a notebook in a kernel and save it."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    os.environ["COMMLAB_NOTEBOOKS"] = str(folder)
    path = folder / f"{NAME}.ipynb"
    nbformat.write(node, path)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as pipes:
        manager = {"transport": "ipc", "ip": f"{pipes}/kernel"}
        client = NotebookClient(
            node, timeout=120, allow_errors=allow_errors, kernel_name="python3",
            config=Config({"KernelManager": manager}),
        )  # fmt: skip
        client.execute(env=env)
    nbformat.write(node, path)
    return path


class Page(HTMLParser):
    """The elements and the visible text of a page."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.text, self.stack = [], "", []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "source", "br", "hr", "link"):
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" not in self.stack:
            self.text += data

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]
