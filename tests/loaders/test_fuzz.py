"""A small part of the fuzzing; the whole is `python -m tests.loaders.fuzz --cases 20000`."""

from collections import Counter

from . import fuzz


def test_spoilt_files_end_with_accounts_that_close_or_an_error_of_ours():
    ends = Counter(fuzz.case(number, seed=1) for number in range(60))
    assert not [ended for ended in ends if ended.startswith("!")], ends
    # Not everything is refused, and not everything passes: both ways are walked.
    assert ends["loaded"] >= 10
    assert ends["LoadError"] >= 3


def test_a_loss_and_a_traceback_are_seen(monkeypatch):
    def losing(name, *_):
        raise ZeroDivisionError(name)

    monkeypatch.setattr(fuzz, "_load", losing)
    assert fuzz.case(0, seed=1).startswith("!0 ")
