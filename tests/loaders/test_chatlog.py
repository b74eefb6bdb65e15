import pyarrow.parquet as pq
import pytest

import commlab
from commlab.errors import LoadError
from commlab.loaders import chatlog, load
from commlab.loaders.workspace import COPY

HEADER = "message_id,group_id,member_id,sent_at,text,reply_to"
ROWS = """
d:10,room,anna,2004-12-25 09:14:00,hello?,
d:9,room,NULL,2004-12-25 09:14:00,"well, ""quoted"" text",d:10
d:11,room,ubotu,2004-12-25 09:15:00,I am a bot,
d:12,room,robotgeek,2004-12-25 09:16:00,null,d:404
d:13,room,[set] ,2004-12-25 09:17:00,,
d:14,room,,2004-12-25 09:17:00,nobody,
d:15,room,anna,later,no time,
d:16,room,anna,,no time at all,
d:10,room,anna,2004-12-25 09:14:00,hello?,
""".strip("\n").splitlines()


@pytest.fixture
def loaded(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("\r\n".join([HEADER, *ROWS]) + "\r\n", newline="")
    report = load(path, "chat-log", tmp_path / "w")
    frames = {item.stem: pq.read_table(item).to_pylist()
              for item in (tmp_path / "w").glob("*.parquet")}  # fmt: skip
    return report, frames, tmp_path / "w"


def test_every_row_is_accounted_for(loaded):
    account = loaded[0].accounts[0]
    assert (account.rows, account.rows_loaded) == (9, 5)
    assert {reason: count.lines for reason, count in account.not_loaded.items()} == {
        "member_id: empty": [7],
        "sent_at: not a time": [8],
        "sent_at: empty": [9],
        COPY: [10],
    }
    assert account.altered[chatlog.ORPHAN].lines == [5]
    assert account.altered[chatlog.TRIMMED].lines == [6]


def test_messages_stay_in_the_order_of_the_file_and_as_they_were(loaded):
    messages = loaded[1]["messages"]
    assert [row["message_id"] for row in messages] == ["d:10", "d:9", "d:11", "d:12", "d:13"]
    assert [row["member_id"] for row in messages][1::3] == ["NULL", "[set]"]
    assert [row["text"] for row in messages][1:] == [
        'well, "quoted" text', "I am a bot", "null", None]  # fmt: skip
    assert [row["reply_to"] for row in messages] == [None, "d:10", None, "d:404", None]


def test_members_and_group(loaded):
    roles = {row["member_id"]: row["role"] for row in loaded[1]["members"]}
    assert roles == {"NULL": "member", "[set]": "member", "anna": "member",
                     "robotgeek": "member", "ubotu": "bot"}  # fmt: skip
    assert [row["name"] for row in loaded[1]["groups"]] == ["room"]
    assert "memberships" not in loaded[1]


@pytest.mark.parametrize(
    ("name", "bot"),
    [("ubotu", True), ("ubottu", True), ("ubot3", True), ("FloodBot12", True), ("mikebot", False),
     ("ubotuser", False), ("norobot", False)],
)  # fmt: skip
def test_bots_are_known_by_whole_names(tmp_path, name, bot):
    path = tmp_path / "log.csv"
    path.write_text(f"{HEADER}\n1,room,{name},2004-12-25 09:14:00,x,\n")
    load(path, "chat-log", tmp_path / "w")
    row = pq.read_table(tmp_path / "w" / "members.parquet").to_pylist()[0]
    assert row["role"] == ("bot" if bot else "member")


def test_opens_with_times_as_written(loaded):
    ds = commlab.open_dataset(loaded[2], as_of="2004-12-25")
    frame = ds.frame(ds.table("messages"), order_by=["message_id"])
    assert str(frame["sent_at"].min()) == "2004-12-25 09:14:00"
    assert ds.settings.zone == "UTC"


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LoadError, match="message_id"):
        load(tmp_path / "a.csv", "chat-log", tmp_path / "w")


def test_the_real_file(shared_data, tmp_path):
    import csv
    import gzip

    path = shared_data / "ubuntu_irc_messages.csv.gz"
    report = load(path, "chat-log", tmp_path / "w")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = sum(1 for _ in csv.reader(stream)) - 1
    assert report.rows_read == rows == report.rows_loaded + report.rows_not_loaded
    assert report.tables["messages"] == report.rows_loaded
