"""Pseudonyms and the secret."""

from __future__ import annotations

import stat

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
