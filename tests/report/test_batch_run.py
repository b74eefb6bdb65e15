"""Whole runs: kernels, files, what fails, what is unchanged, what a killed run leaves."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from commlab.errors import ArgumentError, DataError, RunError
from commlab.report import batch, kernels, manifest
from commlab.report.lock import one_run

PARAMETERS = """data = ""  # workspace
as_of = ""  # last day
lang = "both"  # language
run_folder = ""
level = 3  # a level
"""
PUT = """from pathlib import Path
from commlab.estimate import Estimate
from commlab.report.results import ActionList, Part
part = Part(Path(run_folder) if run_folder else None, {name!r})
part.put_estimate("k.level", Estimate.count(level, unit="orders"))
"""
# Each waits for the other: they can only end when both run at once.
MEET = """import time
meeting = Path(data).parent
(meeting / "{own}").write_text("here")
for _ in range(600):
    if (meeting / "{other}").exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError("nobody came")
"""
LISTS = """import pandas as pd
part.put_table("{name}_table", pd.DataFrame({{"segment": ["x"], "n": [1]}}))
part.put_list("{name}_list", ActionList(pd.DataFrame({{"member_id": ["m1"]}})))
"""
CLOSE = "part.save(complete=True)"
WHERE = """import json, os, sys
from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
print(json.dumps({"python": sys.executable, "transport": app.transport, "cwd": os.getcwd(),
                  "memory": os.environ["COMMLAB_MEMORY_LIMIT"], "pid": os.getpid(),
                  "threads": os.environ["COMMLAB_THREADS"], "ip": app.ip}))
"""


def write_book(folder, name, cells, parameters=PARAMETERS, **about):
    first = new_code_cell(parameters)
    first.metadata["tags"] = ["parameters"]
    book = new_notebook(cells=[first, *map(new_code_cell, cells)])
    book.metadata["commlab"] = {"uses": ["orders"], **about}
    # A kernel that is not there: the run must not look for it.
    book.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "x", "language": "R"}
    nbformat.write(book, folder / f"{name}.ipynb")


def write_orders(folder, amounts):
    times = pd.to_datetime([f"2026-01-{day:02}" for day in range(1, len(amounts) + 1)], utc=True)
    table = pa.table(
        {
            "order_id": [f"o{number}" for number in range(len(amounts))],
            "member_id": [f"m{number}" for number in range(len(amounts))],
            "paid_at": pa.array(times.as_unit("us")),
            "amount": pa.array(amounts).cast(pa.decimal128(18, 2)),
        }
    )
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / "orders.parquet")


def files_of(run):
    return {
        path.relative_to(run).as_posix(): path.stat().st_mtime_ns
        for path in run.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with a workspace and notebooks; one whole run of them."""
    place = tmp_path_factory.mktemp("batch")
    write_orders(place / "brand", ["10.00", "20.00", "30.00"])
    books = place / "books"
    books.mkdir()
    meet = [MEET.format(own="a", other="b"), MEET.format(own="b", other="a")]
    alpha, beta = (PUT.format(name=name) for name in ("02_alpha", "03_beta"))
    write_book(
        books, "02_alpha", [alpha + LISTS.format(name="alpha"), meet[0], WHERE, CLOSE],
        topic="alpha", needs=[["orders"]],
    )  # fmt: skip
    broken = "raise ValueError('no /srv/brand/secret.csv for 13800001111')"
    write_book(
        books, "03_beta", [beta + LISTS.format(name="beta"), meet[1], broken, CLOSE],
        parameters=PARAMETERS.replace("level = 3", "level = 4") + "depth = 1\n",
    )  # fmt: skip
    write_book(books, "04_gamma", ["1"], needs=[["messages", "memberships"]])
    reads = "from commlab.report.results import read_results\nprint(read_results(run_folder))"
    write_book(books, "01_overview", [reads])
    return place


def run(place, notebooks=None, **options):
    return batch.run(
        place / "brand", notebooks, out=place / "out", folder=place / "books", jobs=2, **options
    )


@pytest.fixture(scope="module")
def first(place):
    return run(place)


def entry(result, name):
    return next(item for item in result.manifest["notebooks"] if item["notebook"] == name)


def executed(result, name):
    return nbformat.read(result.folder / "notebooks" / f"{name}.ipynb", 4)


def printed(node):
    return [
        output.text
        for cell in node.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream"
    ]


def test_a_failing_notebook_stops_no_other(first):
    assert first.statuses == {
        "01_overview": "done", "02_alpha": "done", "03_beta": "failed", "04_gamma": "skipped",
    }  # fmt: skip
    assert first.exit_status == 1
    assert first.manifest["status"] == "failed"


def test_layout(first, place):
    assert first.folder == place / "out" / "brand-2026-01-02"
    assert first.index == first.folder / "index.html"
    assert sorted(files_of(first.folder)) == [
        ".parts/02_alpha.json",
        "index.html",
        "manifest.json",
        "notebooks/01_overview.ipynb",
        "notebooks/02_alpha.ipynb",
        "notebooks/03_beta.ipynb",
        "private/alpha_list.csv",
        "results.json",
        "share/01_overview.en.html",
        "share/01_overview.zh.html",
        "share/02_alpha.en.html",
        "share/02_alpha.zh.html",
        "share/tables/02_alpha/alpha_table.csv",
    ]
    assert stat.S_IMODE((first.folder / "private").stat().st_mode) == 0o700
    assert not (first.folder / ".work").exists()


def test_results_are_those_of_notebooks_that_ended(first):
    results = json.loads((first.folder / "results.json").read_text())
    assert results["02_alpha"]["k.level"]["value"] == 3
    assert "03_beta" not in results


def test_the_overview_runs_last_and_sees_the_others(first):
    (text,) = printed(executed(first, "01_overview"))
    assert "02_alpha" in text
    assert "03_beta" not in text


def test_the_failed_notebook_is_kept_with_its_error(first):
    node = executed(first, "03_beta")
    errors = [
        output
        for cell in node.cells
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    ]
    assert [error.ename for error in errors] == ["ValueError"]
    beta = entry(first, "03_beta")
    assert beta["error"] == {
        "kind": "ValueError",
        "message": "no secret.csv for <number>",
        "cell": 5,
    }
    page = first.index.read_text()
    assert "ValueError: no secret.csv for &lt;number&gt;" in page
    for hidden in ("/srv", "13800001111", str(first.folder.parent)):
        assert hidden not in page


def test_the_skipped_notebook_says_why_in_both_languages(first):
    reason = entry(first, "04_gamma")["reason"]
    assert "messages, memberships" in reason["en"]
    assert "messages、memberships" in reason["zh"]
    assert not (first.folder / "notebooks" / "04_gamma.ipynb").exists()


def test_kernels_are_this_interpreter_over_ipc_with_their_share(first):
    (text,) = (text for text in printed(executed(first, "02_alpha")) if "transport" in text)
    told = json.loads(text)
    assert told["python"] == sys.executable
    assert told["transport"] == "ipc"
    assert told["cwd"] == str(Path.cwd())
    assert told["memory"].endswith("MiB")
    assert int(told["threads"]) >= 1
    assert not Path(told["ip"]).parent.exists()  # the kernel's own folder went with it
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)


def test_executed_notebooks_do_not_lead_back_into_the_run(first):
    for name in ("02_alpha", "03_beta"):
        node = executed(first, name)
        injected = [
            c.source for c in node.cells if "injected-parameters" in c.metadata.get("tags", [])
        ]
        assert len(injected) == 1
        assert "run_folder" not in injected[0]
        assert 'as_of = "2026-01-02"' in injected[0]
        assert node.metadata["papermill"]["input_path"] == f"{name}.ipynb"
        assert ".work" not in json.dumps(node.metadata)


def test_manifest(first):
    manifest = json.loads((first.folder / "manifest.json").read_text())
    assert manifest == first.manifest
    assert manifest["data"] == {
        "name": "brand", "fingerprint": manifest["data"]["fingerprint"], "as_of": "2026-01-02",
        "engine": "duckdb", "tables": ["orders"],
    }  # fmt: skip
    assert manifest["versions"]["python"].startswith("3.")
    assert manifest["finished_at"] >= manifest["started_at"]
    alpha = entry(first, "02_alpha")
    assert alpha["seconds"] > 0
    assert alpha["parameters"] == {"as_of": "2026-01-02", "lang": "both"}
    assert alpha["pages"] == {
        "en": "share/02_alpha.en.html", "zh": "share/02_alpha.zh.html",
    }  # fmt: skip
    assert str(first.folder.parent.parent) not in json.dumps(manifest)


def no_kernels(*_, **__):
    raise AssertionError("a kernel was started")


def test_what_is_unchanged_starts_no_kernel_and_keeps_its_files(first, place, monkeypatch):
    monkeypatch.setattr(kernels, "Kernels", no_kernels)
    before = files_of(first.folder)
    again = run(place, ["01", "02", "04"])
    assert again.statuses == {
        "01_overview": "unchanged", "02_alpha": "unchanged", "04_gamma": "skipped",
    }  # fmt: skip
    assert again.exit_status == 0
    after = files_of(first.folder)
    rewritten = {name for name in after if after[name] != before.get(name)}
    assert rewritten == {"index.html", "manifest.json", "results.json"}
    assert entry(again, "02_alpha")["seconds"] == entry(first, "02_alpha")["seconds"]
    assert entry(again, "03_beta")["status"] == "failed"  # not asked for, still told


def test_a_changed_parameter_runs_again_and_the_old_overview_goes(first, place):
    again = run(place, ["alpha"], params={"level": 7})
    assert again.statuses == {"02_alpha": "done"}
    results = json.loads((again.folder / "results.json").read_text())
    assert results["02_alpha"]["k.level"]["value"] == 7
    assert [item["notebook"] for item in again.manifest["notebooks"]] == [
        "02_alpha", "03_beta", "04_gamma",
    ]  # fmt: skip
    assert not list(again.folder.rglob("*01_overview*"))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"params": {"levle": 1}}, ArgumentError, "Did you mean 'level'"),
        ({"notebooks": ["alpah"]}, ArgumentError, "Did you mean '02_alpha'"),
        ({"notebooks": ["02"], "params": {"depth": 1}}, ArgumentError, "02_alpha has no parameter"),
        ({"lang": "fr"}, ArgumentError, "lang == 'fr'"),
        ({"as_of": "soon"}, ArgumentError, "as_of is 'soon'"),
        ({"name": "../x"}, ArgumentError, "name of a folder"),
    ],
)
def test_wrong_arguments_stop_before_anything_is_written(place, options, kind, message, tmp_path):
    with pytest.raises(kind, match=message):
        batch.run(place / "brand", out=tmp_path / "out", folder=place / "books", **options)
    assert not (tmp_path / "out").exists()


def test_bad_data_stop_before_any_kernel(place, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "Kernels", no_kernels)
    folder = tmp_path / "bad"
    write_orders(folder, ["10.00", "20.00"])
    table = pq.read_table(folder / "orders.parquet").drop(["amount"])
    pq.write_table(table, folder / "orders.parquet")
    with pytest.raises(DataError, match=r"orders\.parquet, amount"):
        batch.run(folder, ["02"], out=tmp_path / "out", folder=place / "books")
    assert not list((tmp_path / "out").glob("[!.]*"))


def test_two_runs_into_one_folder(place, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "Kernels", no_kernels)
    with (
        one_run(tmp_path / "brand-2026-01-02"),
        pytest.raises(RunError, match="is writing into it"),
    ):
        batch.run(place / "brand", out=tmp_path, folder=place / "books")


def test_a_killed_kernel_fails_its_notebook_only(tmp_path):
    write_orders(tmp_path / "brand", ["10.00", "20.00"])
    write_book(
        tmp_path, "02_dies", ["1", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    )
    result = batch.run(tmp_path / "brand", out=tmp_path / "out", folder=tmp_path, lang="en")
    error = entry(result, "02_dies")["error"]
    assert (error["kind"], error["cell"]) == ("DeadKernelError", 4)
    assert "memory" in error["message"]
    cells = [cell for cell in executed(result, "02_dies").cells if cell.cell_type == "code"]
    assert cells[3].outputs[0].ename == "DeadKernelError"


DRIVER = """import sys
from commlab.report import batch, manifest
from commlab.report.progress import Plain
manifest.code = lambda: "pinned"  # somebody may be at work on the sources
place = sys.argv[1]
batch.run(f"{place}/brand", out=f"{place}/out", folder=f"{place}/books", jobs=2, lang="en",
          progress=Plain())
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize(
    "sent", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, sent, monkeypatch):
    monkeypatch.setattr(manifest, "code", lambda: "pinned")
    write_orders(tmp_path / "brand", ["10.00", "20.00"])
    books = tmp_path / "books"
    books.mkdir()
    write_book(books, "02_quick", [PUT.format(name="02_quick") + CLOSE])
    pid, gate = tmp_path / "pid", tmp_path / "gate"
    waits = (
        f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        f"while not os.path.exists({str(gate)!r}):\n    time.sleep(0.1)\n"
    )
    half = PUT.format(name="03_slow") + LISTS.format(name="slow")
    write_book(books, "03_slow", [half, waits, CLOSE])
    folder = tmp_path / "out" / "brand-2026-01-01"

    def status(name):
        known = json.loads((folder / "manifest.json").read_text())["notebooks"]
        return next(item["status"] for item in known if item["notebook"] == name)

    # What a killed run leaves in the temporary folder is the test's to clear away.
    scratch = tempfile.TemporaryDirectory(prefix="t", ignore_cleanup_errors=True)
    env = {**os.environ, "TMPDIR": scratch.name}
    call = [sys.executable, "-c", DRIVER, str(tmp_path)]
    with scratch, subprocess.Popen(call, env=env) as driver:
        wait_for(lambda: pid.exists() and pid.read_text() and status("02_quick") == "done", driver)
        driver.send_signal(sent)
        driver.wait(60)
    kernel = int(pid.read_text())
    wait_for(lambda: not alive(kernel))
    assert status("02_quick") == "done"
    assert status("03_slow") == "running"
    # Half a notebook leaves nothing in the run.
    assert sorted(name for name in files_of(folder) if not name.startswith(".work/")) == [
        ".parts/02_quick.json", "manifest.json", "notebooks/02_quick.ipynb",
        "share/02_quick.en.html",
    ]  # fmt: skip
    gate.touch()
    result = batch.run(
        tmp_path / "brand", out=tmp_path / "out", folder=books, jobs=2, lang="en"
    )  # fmt: skip
    assert result.statuses == {"02_quick": "unchanged", "03_slow": "done"}
    assert (folder / "private" / "slow_list.csv").exists()
    assert not (folder / ".work").exists()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie waits for a parent that the test does not control; it does nothing any more.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def wait_for(condition, process=None, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the run ended early with status {process.returncode}")
        try:
            if condition():
                return
        except (FileNotFoundError, StopIteration):
            pass
        time.sleep(0.1)
    raise AssertionError("waited in vain")
