"""One run per folder, and files that move in together."""

import os
import stat
import subprocess
import sys

import pytest

from commlab.errors import RunError
from commlab.report import manifest, staging
from commlab.report.failure import Failure, safe
from commlab.report.lock import lock_path, one_run


def test_the_second_run_into_a_folder_stops_and_names_the_first(tmp_path):
    with (
        one_run(tmp_path / "run"),
        pytest.raises(RunError, match=rf"process {os.getpid()}\) is writing"),
        one_run(tmp_path / "run"),
    ):
        pass
    with one_run(tmp_path / "run"), one_run(tmp_path / "other"):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    code = (
        "import sys, pathlib, time\nfrom commlab.report.lock import one_run\n"
        "with one_run(pathlib.Path(sys.argv[1])):\n    print('locked', flush=True)\n"
        "    time.sleep(60)"
    )
    call = [sys.executable, "-c", code, str(tmp_path / "run")]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match=f"process {process.pid}"), one_run(tmp_path / "run"):
            pass
        process.kill()
    assert lock_path(tmp_path / "run").exists()
    with one_run(tmp_path / "run"):
        pass


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="--out"), one_run(tmp_path / "file" / "run"):
        pass


def test_publish_moves_everything_and_remove_leaves_no_empty_folder(tmp_path):
    run, work = tmp_path / "run", tmp_path / "work"
    run.mkdir()
    folder = staging.stage(work, "02_a")
    for name in ("share/tables/02_a/t.csv", "private/list.csv", ".parts/02_a.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    moved = staging.publish(folder, run)
    assert moved == [".parts/02_a.json", "private/list.csv", "share/tables/02_a/t.csv"]
    assert all((run / name).read_text() == name for name in moved)
    staging.remove(run, moved)
    assert sorted(path.name for path in run.iterdir()) == ["private"]


def test_remove_never_leaves_the_run(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    outside = tmp_path / "keep.txt"
    outside.write_text("keep")
    staging.remove(run, ["../keep.txt", str(outside)])
    assert outside.exists()


def test_workshop_is_new_each_time_and_clears_leftovers(tmp_path):
    left = tmp_path / staging.FOLDER / "old" / "02_a"
    left.mkdir(parents=True)
    with staging.workshop(tmp_path) as one:
        assert not left.exists()
        assert one.is_dir()
    with staging.workshop(tmp_path) as two:
        assert one != two
    assert not (tmp_path / staging.FOLDER).exists()


def test_private_is_for_its_owner_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        path = staging.private_folder(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_file_of_another_notebook_is_not_overwritten(tmp_path):
    folder = staging.stage(tmp_path, "09_b")
    (folder / "private" / "churn.csv").write_text("x")
    words = staging.clash(folder, {"08_a": ["private/churn.csv"]})
    assert "private/churn.csv" in words
    assert "08_a" in words
    assert staging.clash(folder, {"08_a": ["private/koc.csv"]}) == ""


def test_manifest_round_trip_and_foreign_formats(tmp_path):
    assert manifest.read(tmp_path) == {}
    manifest.write(tmp_path, {"format": manifest.FORMAT, "run": "周报"})
    assert manifest.read(tmp_path) == {"format": manifest.FORMAT, "run": "周报"}
    manifest.write(tmp_path, {"format": 99})
    assert manifest.read(tmp_path) == {}
    (tmp_path / manifest.FILE).write_text('{"format": 1, "ru')
    with pytest.raises(RunError, match=r"manifest\.json: cannot be read"):
        manifest.read(tmp_path)


def test_the_secret_does_not_show_in_the_manifest(monkeypatch):
    from commlab import privacy

    monkeypatch.setenv("COMMLAB_SECRET", "one")
    privacy.secret.cache_clear()
    first = manifest.pseudonym_key()
    monkeypatch.setenv("COMMLAB_SECRET", "two")
    privacy.secret.cache_clear()
    second = manifest.pseudonym_key()
    privacy.secret.cache_clear()
    assert first != second
    assert "one" not in first


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no file /srv/brand/data/orders.csv", "no file orders.csv"),
        (r"no file C:\data\brand\orders.csv", "no file orders.csv"),
        ("~/brand/orders.csv: gone", "orders.csv: gone"),
        ("call 138 0000 1111 or +86-138-0000-1111", "call <number> or <number>"),
        ("KeyError: 'wmAbCdEf-123456789'", "KeyError: '<id>'"),
        ("postgres://user:secret@host/db refused", "<address> refused"),
        ("mail a.b@example.com", "mail <mail>"),
        (
            "as_of is 2026-06-30, before the first day of the data, 2026-07-01",
            "as_of is 2026-06-30, before the first day of the data, 2026-07-01",
        ),
        ("level == 2, must be < 1.", "level == 2, must be < 1."),
        ("a ratio of 3/4 and and/or", "a ratio of 3/4 and and/or"),
        ("first\nsecond", "first"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("", ""),
    ],
)
def test_what_a_card_may_say(message, shown):
    assert safe(message) == shown


def test_long_messages_are_cut():
    assert len(safe("x" * 1000)) == 300


def test_failure_reads_as_class_and_message():
    assert str(Failure.of(ValueError("too big"))) == "ValueError: too big"
    assert str(Failure.of(KeyboardInterrupt())) == "KeyboardInterrupt"
