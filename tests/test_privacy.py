"""Pseudonyms and the secret."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from commlab import errors, privacy


@pytest.fixture
def own_secret(monkeypatch, tmp_path):
    monkeypatch.delenv(privacy.SECRET_VARIABLE, raising=False)
    monkeypatch.setattr(privacy.platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    privacy.secret.cache_clear()
    yield tmp_path
    privacy.secret.cache_clear()


def test_secret_is_made_once_for_this_user_alone(own_secret):
    first = privacy.secret()
    privacy.secret.cache_clear()
    assert privacy.secret() == first
    path = privacy.secret_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) == 64


def test_pseudonyms_change_with_secret_scope_and_kind(own_secret, monkeypatch):
    mine = privacy.pseudonym("m1", scope="a")
    assert mine == privacy.pseudonym("m1", scope="a")
    assert "m1" not in mine
    others = {
        mine,
        privacy.pseudonym("m1", scope="b"),
        privacy.pseudonym("m1", scope="a", kind="G"),
    }
    monkeypatch.setenv(privacy.SECRET_VARIABLE, "another")
    privacy.secret.cache_clear()
    others.add(privacy.pseudonym("m1", scope="a"))
    assert len(others) == 4


def test_hundred_thousand_people_do_not_collide(own_secret):
    names = privacy.pseudonyms((f"m{i}" for i in range(100_000)), scope="a")
    assert len(set(names)) == 100_000


def test_a_secret_that_cannot_be_kept_is_an_error(own_secret):
    (own_secret / "commlab").write_text("a file in the way")
    with pytest.raises(errors.WorkspaceError, match="COMMLAB_SECRET"):
        privacy.secret()


def test_a_truncated_or_empty_secret_is_an_error(own_secret):
    path = privacy.secret_path()
    path.parent.mkdir(parents=True)
    for text in ("", "abc", "g" * 64, "a" * 63):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(errors.WorkspaceError, match="not a whole secret") as caught:
            privacy.secret()
        assert not text or text not in str(caught.value)  # what is left of it is not told
        assert path.read_text() == text  # nor thrown away


def test_a_secret_that_others_could_read_is_closed_and_said(own_secret):
    first = privacy.secret()
    privacy.secret.cache_clear()
    privacy.secret_path().chmod(0o644)
    with pytest.warns(UserWarning, match="could be read by others"):
        assert privacy.secret() == first
    assert stat.S_IMODE(privacy.secret_path().stat().st_mode) == 0o600


def test_the_folder_of_the_secret_is_the_users_alone_and_holds_nothing_else(own_secret):
    privacy.secret()
    path = privacy.secret_path()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["secret"]


_RACE = """
import sys, time, pathlib
from commlab import privacy
privacy.platformdirs.user_config_dir = lambda name: sys.argv[1]
while time.time() < float(sys.argv[2]):
    pass
sys.stdout.write(privacy.secret().decode())
"""


def test_processes_that_make_it_at_once_get_the_same(tmp_path):
    env = {name: value for name, value in os.environ.items() if name != privacy.SECRET_VARIABLE}
    start = time.time() + 3.0  # all have been loaded by then
    made = [
        subprocess.Popen(
            [sys.executable, "-c", _RACE, str(tmp_path / "config"), str(start)],
            stdout=subprocess.PIPE, text=True, env=env,
        )
        for _ in range(4)
    ]  # fmt: skip
    found = {process.communicate(timeout=60)[0] for process in made}
    assert len(found) == 1
    assert len(found.pop()) == 64


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(own_secret):
    own_secret.chmod(0o500)
    try:
        with pytest.raises(errors.WorkspaceError, match="COMMLAB_SECRET"):
            privacy.secret()
    finally:
        own_secret.chmod(0o700)


def test_a_file_system_that_is_read_only_is_an_error(own_secret, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(privacy.tempfile, "mkstemp", refuse)
    with pytest.raises(errors.WorkspaceError, match=r"(?i)read-only.*COMMLAB_SECRET"):
        privacy.secret()
    assert not privacy.secret_path().exists()


def test_a_crash_while_it_is_written_leaves_no_half_secret(own_secret, monkeypatch):
    def crash(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(privacy.os, "fsync", crash)
    with pytest.raises(errors.WorkspaceError):
        privacy.secret()
    monkeypatch.undo()
    assert not list(own_secret.rglob("*secret*"))
