"""A request of the models ends with one sentence when it takes too long."""

from __future__ import annotations

import shutil
import threading

import gradio as gr
import pytest

from pokeclf import catalog
from pokeclf.dashboard import limits
from pokeclf.dashboard.api import Api
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.limits import LANES, TimeUpError, limited
from pokeclf.dashboard.page import build
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.uploads import VARIABLE
from pokeclf.dashboard.waiting import Latest
from tests.dashboard.conftest import DRAWINGS, PIKACHU


@pytest.fixture
def upload(tmp_path, monkeypatch):
    """The path of a picture that a program uploaded."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return shutil.copy(PIKACHU, tmp_path)


@pytest.fixture
def clock(monkeypatch):
    """Stands still until it is set."""
    time = [100.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: time[0])
    return time


def test_the_time_of_a_request_is_over_at_its_end_and_only_in_it(clock):
    def work(late):
        clock[0] += late
        limits.check()
        return late

    assert limited(work, 10)(9) == 9
    with pytest.raises(TimeUpError, match=r"^This took longer .*\.$"):
        limited(work, 10)(11)
    limits.check()  # no request, no limit


def test_several_results_share_the_time_whatever_thread_takes_them(clock):
    def work():
        for step in range(5):
            limits.check()
            yield step
            clock[0] += 4

    results, found = limited(work, 10)(), []

    def take():
        try:
            found.append(next(results))
        except TimeUpError as error:
            found.append(error)

    for _ in range(4):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert found[:3] == [0, 1, 2]
    assert isinstance(found[3], TimeUpError)


def test_requests_do_not_share_their_time(clock):
    def work():
        yield limits.check()
        yield limits.check()

    first = limited(work, 10)()
    next(first)
    clock[0] += 9
    second = limited(work, 10)()
    next(second)
    clock[0] += 9
    next(second)
    with pytest.raises(TimeUpError):
        next(first)


def test_every_request_of_the_models_is_limited(store):
    page = build(store, DRAWINGS, workers=1, seconds=50)
    used = {each.concurrency_id for each in page.fns.values() if each.concurrency_id in LANES}
    assert used == LANES
    for each in page.fns.values():
        given_up = each.fn and each.fn.__module__ == "pokeclf.dashboard.limits"
        wrapped = getattr(each.fn, "__wrapped__", None) is not None
        assert not given_up or wrapped


def test_a_slow_map_that_takes_too_long_is_a_notice_and_the_picture_stays(
    identify, look, warnings, clock
):
    latest = Latest()
    shown = look(latest=latest)["shown"]
    wish = look(method="occlusion", shown=shown, latest=latest, longer=False)["wish"]

    def progress(*_, **__):
        clock[0] += 60

    work = limited(identify.look_longer, 100)
    updates = work(wish, shown, latest, progress)
    assert len(warnings) == 1
    assert "longer than the server allows" in warnings[0]
    assert updates[identify.picture] == PIKACHU
    assert updates[identify.method] == "grad-cam"
    assert not updates[identify.waiting.stop]["visible"]


def test_a_check_that_takes_too_long_is_a_notice(identify, look, warnings, clock):
    shown = look()["shown"]

    def progress(*_, **__):
        clock[0] += 60

    *_, last = limited(identify.check.check, 100)(shown, Latest(), Latest(), progress)
    assert len(warnings) == 1
    assert last[identify.check.found] is None


def test_a_comparison_that_takes_too_long_is_a_notice(identify, warnings, clock):
    with gr.Blocks():
        compare = Compare(identify.observations, DRAWINGS, workers=1)
    get = identify.observations.get

    def slow(path, model):
        found = get(path, model)
        clock[0] += 60
        return found

    compare.observations.get = slow
    *_, last = limited(compare.compare, 100)(PIKACHU, ["convmixer", "vit_frozen"], "same")
    assert last[compare.result] == ""
    assert not last[compare.stop]["visible"]
    assert len(warnings) == 1


def test_a_program_gets_the_sentence(store, clock, monkeypatch, upload):
    api = Api(Observations(store))
    observe = Observations._observe

    def slow(self, classifier, path):
        clock[0] += 60
        limits.check()
        return observe(self, classifier, path)

    def later(*_):
        clock[0] += 60
        return 0.5

    monkeypatch.setattr(Observations, "_observe", slow)
    monkeypatch.setattr(catalog, "least_confidence", later)
    picture = {"path": upload}
    for call in (
        lambda: api.predict(picture, "convmixer"),
        lambda: api.explain(picture, "convmixer"),
        lambda: api.catalog([picture], "convmixer"),
    ):
        with pytest.raises(TimeUpError):
            limited(call, 50)()
