"""Slow maps: begun, finished, overtaken and stopped."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import gradio as gr
import pytest

from pokeclf.dashboard.waiting import Latest, StoppedError
from pokeclf.errors import PokeclfError
from tests.dashboard.conftest import EEVEE


@pytest.fixture
def latest():
    return Latest()


def _silent(*_, **__):
    pass


def test_each_session_has_a_count_of_its_own(latest):
    latest.next()
    other = deepcopy(latest)
    assert (latest.number, other.number) == (1, 0)
    with pytest.raises(StoppedError):
        latest.check(0)


def test_a_slow_map_is_handed_on_and_then_drawn(identify, look, latest):
    shown = look(latest=latest)["shown"]
    begun = look(method="occlusion", shown=shown, latest=latest, longer=False)
    assert set(begun) == {"wish", "stop"}
    assert begun["stop"]["visible"]
    told = []
    updates = identify.look_longer(
        begun["wish"], shown, latest, lambda share, **_: told.append(share)
    )
    assert updates[identify.shown].method.id == "occlusion"
    assert not updates[identify.waiting.stop]["visible"]
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_later_question_overtakes_a_slow_map(identify, look, latest):
    shown = look(latest=latest)["shown"]
    wish = look(method="rise", shown=shown, latest=latest, longer=False)["wish"]
    asked_again = []

    def progress(share, **_):
        if not asked_again:
            asked_again.append(look(method="layer-cam", shown=shown, latest=latest))

    updates = identify.look_longer(wish, shown, latest, progress)
    assert set(updates) == {identify.summary}  # The newer answer stays.
    assert asked_again[0]["shown"].method.id == "layer-cam"


def test_a_new_picture_is_answered_before_its_slow_map_is_drawn(identify, look, latest):
    slow = look(method="occlusion", shown=look()["shown"], latest=latest)["shown"]
    assert slow.method.id == "occlusion"
    page = {"path": EEVEE, "species": slow.explanation.species, "shown": slow, "latest": latest}
    updates = look(**page, method="occlusion", longer=False)
    assert updates["shown"].path == EEVEE
    assert updates["shown"].method.id == "grad-cam"
    assert updates["wish"].method == "occlusion"
    latest.check(updates["wish"].number)
    stopped = identify.stop(updates["shown"], latest)
    assert stopped[identify.picture] == EEVEE


def test_an_overtaken_question_that_fails_changes_nothing(
    identify, look, latest, warnings, monkeypatch
):
    shown = look(latest=latest)["shown"]

    def fail_late(*_):
        latest.next()  # meanwhile another question has come
        raise PokeclfError("too late")

    monkeypatch.setattr(identify, "_answer", fail_late)
    assert look(path=EEVEE, shown=shown, latest=latest, longer=False) == {"summary": gr.skip()}
    assert warnings == []


def test_a_slow_map_can_be_stopped(identify, look, latest):
    shown = look(latest=latest)["shown"]
    wish = look(method="occlusion", shown=shown, latest=latest, longer=False)["wish"]
    updates = identify.stop(shown, latest)
    assert updates[identify.method] == "grad-cam"
    assert updates[identify.guesses] == shown.explanation.species
    assert updates[identify.count] == 5
    assert updates[identify.picture] == shown.path
    assert not updates[identify.waiting.stop]["visible"]
    assert set(identify.look_longer(wish, shown, latest, _silent)) == {identify.summary}


def test_removing_the_picture_gives_up_a_slow_map(identify, look, latest):
    shown = look(latest=latest)["shown"]
    wish = look(method="occlusion", shown=shown, latest=latest, longer=False)["wish"]
    assert not identify.clear("convmixer", latest)[identify.waiting.stop]["visible"]
    assert set(identify.look_longer(wish, None, latest, _silent)) == {identify.summary}


def test_an_older_fast_answer_does_not_replace_a_newer_one(identify, look, latest, monkeypatch):
    answer, newer = identify._answer, []

    def slow(wish, *rest):
        if not newer:  # another click while this one is answered
            newer.append(None)
            newer[0] = look(path=EEVEE, latest=latest)
        return answer(wish, *rest)

    monkeypatch.setattr(identify, "_answer", slow)
    assert set(look(latest=latest)) == {"summary"}
    assert newer[0]["shown"].path == EEVEE


def test_a_slow_map_that_fails_is_a_notice(identify, look, latest, warnings, tmp_path):
    page = {"path": str(shutil.copy(EEVEE, tmp_path)), "latest": latest}
    shown = look(**page)["shown"]
    wish = look(**page, method="occlusion", shown=shown, longer=False)["wish"]
    Path(page["path"]).unlink()
    updates = identify.look_longer(wish, shown, latest, _silent)
    assert "no longer on the server" in warnings[0]
    assert not updates[identify.waiting.stop]["visible"]
    assert identify.look_longer(None, shown, latest, _silent) is not None
