"""Below a map: whether it can be believed, saving it, and other maps beside it."""

from __future__ import annotations

import base64
import io
import math
import re
from dataclasses import replace
from functools import partial

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pokeclf.dashboard import check, map_wording
from pokeclf.dashboard.answer import answer
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest, if_still_shown
from pokeclf.explain import METHODS, Options, faithfulness
from pokeclf.explain.caption import caption
from pokeclf.explain.faithfulness import Faithfulness, Scores
from pokeclf.explain.result import NOTHING_FOUND
from pokeclf.explain.trust import Trust
from pokeclf.species import of
from tests.dashboard.conftest import EEVEE, PIKACHU, plain


class TestTrust:
    def test_what_many_pictures_say_stands_below_the_map(self):
        gains = (0.3, 0.2, 0.4, 0.2, 0.1, 0.3, 0.1, 0, 0.2)
        good = Trust("grad-cam", "a" * 64, 200, 0, *gains, 0.4, 0.1, 0.2)
        assert "better than random maps do" in map_wording.trust_line(good)
        assert "learned nothing" not in map_wording.trust_line(good)
        poor = replace(good, insertion_low=-0.1, other_weights=0.7)
        assert "not clearly better than random maps" in map_wording.trust_line(poor)
        assert "learned nothing" in map_wording.trust_line(poor)
        assert "shuffled names" not in map_wording.trust_line(poor)
        assert "shuffled names" in map_wording.trust_line(replace(good, other_labels=0.9))

    def test_figures_stand_only_below_maps_like_those_that_were_examined(self, store):
        gains = (0.3, 0.2, 0.4, 0.2, 0.1, 0.3, 0.1, 0, 0.2)
        rows = tuple(
            Trust(method, "a" * 64, 200, 0, *gains, 0.4, 0.1, 0.2)
            for method in ("grad-cam", "finer-cam", "attention", "rollout")
        )
        observations = Observations(store)

        def asked(method, **chosen):
            found = answer(
                observations, PIKACHU, "vit_frozen", method=method, options=Options(**chosen)
            )
            return replace(found, examined=rows)

        def said(method, **chosen):
            found = asked(method, **chosen)
            assert (found.trust is not None) == ("deletion +0.300" in map_wording.details(found))
            return map_wording.trust(found)

        first, *_, last = asked("grad-cam").layers
        for method, chosen in (
            ("grad-cam", {}), ("grad-cam", {"layer": last}), ("grad-cam", {"discard": 0.5}),
            ("rollout", {}), ("attention", {}), ("finer-cam", {}),
        ):  # fmt: skip
            assert "better than random maps do" in said(method, **chosen)
        unlikely = asked("grad-cam").guesses[-1].species
        for method, chosen in (
            ("grad-cam", {"layer": first}), ("rollout", {"heads": "max"}),
            ("rollout", {"discard": 0.5}), ("attention", {"head": 1}),
            ("attention", {"layer": asked("attention").layers[0]}),
            ("finer-cam", {"against": unlikely}),
        ):  # fmt: skip
            expected = f'<p class="trust">{map_wording.OTHER_SETTINGS}</p>'
            assert said(method, **chosen) == expected
        assert map_wording.NEVER_EXAMINED in said("layer-cam")

    def test_a_method_that_fails_a_test_points_at_those_that_pass(self):
        gains = (0.3, 0.2, 0.4, 0.2, 0.1, 0.3, 0.1, 0, 0.2)
        good = Trust("grad-cam", "a" * 64, 200, 0, *gains, 0.4, 0.1, 0.2)
        poor = replace(good, method="class-attention", other_labels=0.9)
        assert map_wording.better([poor]) == ""
        assert map_wording.better([poor, good]) == " Maps by Grad-CAM pass all these tests."
        three = [good, replace(good, method="hires-cam"), replace(good, method="layer-cam")]
        assert "Grad-CAM, HiResCAM and LayerCAM pass" in map_wording.better(three)

    def test_an_empty_map_has_no_colours_to_read(self, look):
        shown = look()["shown"]
        nothing = replace(shown.explanation, evidence=np.zeros_like(shown.explanation.evidence))
        line = map_wording.reading_line(replace(shown, explanation=nothing))
        assert NOTHING_FOUND in line
        assert "Yellow" not in line
        assert "Yellow" in map_wording.reading_line(shown)

    def test_all_methods_stand_in_a_table_for_specialists(self, look, store):
        shown = look()["shown"]
        assert map_wording.examined(shown.examined) == ""
        gains = (0.3, 0.2, 0.4, 0.2, 0.1, 0.3, 0.1, 0, 0.2)
        good = Trust("grad-cam", "a" * 64, 200, 0, *gains, 0.4, 0.1, math.nan)
        poor = replace(good, method="eigen-cam", insertion_low=-0.1, other_weights=0.7)
        html = plain(map_wording.details(replace(shown, examined=(good, poor))))
        rows = re.findall("<tr>(.*?)</tr>", html)
        assert re.findall("(yes|no)<", rows[1]) == ["yes", "yes", "yes"]
        assert re.findall("(yes|no)<", rows[2]) == ["no", "no", "yes"]
        assert "shuffled labels –" in html
        assert "nan" not in html


class TestKeep:
    def test_the_links_hold_a_captioned_picture_and_the_numbers(self, identify, look):
        shown = look()["shown"]
        links = identify.keep.keep(shown)
        files = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', links))
        assert set(files) == {
            f"convmixer-grad-cam-{shown.explanation.species}.{end}" for end in ("png", "npy")
        }
        picture, numbers = (io.BytesIO(base64.b64decode(data)) for data in files.values())
        assert look(strength=20, shown=shown, species=shown.explanation.species,
                    method="grad-cam")["links"] == ""  # fmt: skip
        assert Image.open(picture).height > 500  # the enlarged map and its caption
        np.testing.assert_array_equal(np.load(numbers), shown.explanation.heatmap)

    def test_the_caption_tells_everything_that_the_map_depends_on(self, look):
        first = look(model="vit_frozen")["shown"]
        page = {"model": "vit_frozen", "species": first.explanation.species, "shown": first}
        one = look(**page, method="attention", settings=(None, None, "mean", "1", 0), threshold=30)[
            "shown"
        ]
        assert "head 2" in _caption(one)[1]
        assert "30.0" in _caption(one)[2]
        assert "whatever the species" in _caption(one)[0]
        merged = look(**page, method="rollout", settings=(None, None, "max", "all", 50))["shown"]
        told = ["heads merged by max", "weakest 50 % of the attention left out"]
        assert all(each in _caption(merged)[1] for each in told)
        assert all(each in map_wording.details(merged) for each in told)
        cam = look(**page, method="finer-cam")["shown"]
        assert "compared with" in _caption(cam)[1]
        assert of(cam.explanation.species).name in _caption(cam)[0]

    def test_nothing_to_save_is_said(self, identify, warnings):
        assert identify.keep.keep(None) == ""
        assert warnings == ["There is no map to save yet."]


class TestSideBySide:
    @pytest.fixture
    def compare(self, identify):
        def call(kind, other, shown):
            found = _compared(identify, kind, other, shown)
            html = plain(if_still_shown(found, shown))
            return html, re.findall("<figcaption>([^<]+)", html)

        return call

    def test_two_species_are_on_one_scale(self, identify, look, compare):
        shown = look()["shown"]
        other = identify.beside.choose("species", shown)["value"]
        html, names = compare("species", other, shown)
        assert "on one scale" in html
        assert names[1] == of(other).name
        assert names[2].startswith("Orange: ")
        assert html.startswith("<p>Both: ConvMixer, Grad-CAM, stage 8 of 8.</p>")

    @pytest.mark.parametrize(("kind", "count"), [("method", 3), ("model", 3), ("layers", 8)])
    def test_methods_models_and_layers(self, identify, look, compare, kind, count):
        shown = look()["shown"]
        offered = [value for _, value in identify.beside.choose(kind, shown).get("choices", [])]
        # The first model that is offered has damaged weights.
        html, names = compare(kind, offered[-1] if offered else None, shown)
        assert len(names) == html.count("<img ") == count

    def test_heads_are_offered_where_a_method_has_them(self, identify, look, compare):
        first = look(model="vit_frozen")["shown"]
        assert "heads" not in _offered(identify, first)
        assert "heads" not in _offered(identify, look()["shown"])
        shown = look(
            model="vit_frozen", method="attention", species=first.explanation.species, shown=first
        )["shown"]
        assert "heads" in _offered(identify, shown)
        html, names = compare("heads", None, shown)
        assert "one scale" in html
        assert names == ["Head 1", "Head 2", "Head 3"]

    def test_finer_cam_is_not_compared_with_the_species_it_is_set_against(
        self, identify, look, compare
    ):
        first = look()["shown"]
        shown = look(method="finer-cam", species=first.explanation.species, shown=first)["shown"]
        other = identify.beside.choose("species", shown)["value"]
        assert other == shown.options.against
        assert len(compare("species", other, shown)[1]) == 3

    def test_another_model_is_asked_the_same_question(self, identify, look, compare):
        first = look()["shown"]
        rival = first.guesses[3].species
        page = {"species": first.explanation.species, "shown": first}
        against = (None, rival, "mean", "all", 0)
        shown = look(**page, method="finer-cam", settings=against)["shown"]
        names = compare("model", "vit_frozen", shown)[1]
        assert "not " not in names[1]  # both are set against the same species
        early = ("stage 2 of 8", None, "mean", "all", 0)
        other = look(**page, method="grad-cam", settings=early)["shown"]
        _, names = compare("method", "layer-cam", other)
        assert "stage 8 of 8" in names[1]
        second, _ = identify.beside._second("model", "vit_frozen", shown, lambda share: None)
        assert second.against == rival

    def test_a_comparison_that_comes_late_is_not_shown_below_another_map(self, identify, look):
        shown, latest = look()["shown"], Latest()
        found = _compared(identify, "layers", None, shown, latest)
        other = look(path=EEVEE)["shown"]
        assert if_still_shown(found, shown)
        assert if_still_shown(found, other) == if_still_shown(found, None) == ""

        def another_question(share, **_):
            latest.next()

        assert _compared(identify, "layers", None, shown, latest, another_question) is None

    def test_a_comparison_may_be_stopped_or_started_anew(self, identify, look, warnings):
        shown, own, beside = look()["shown"], Latest(), identify.beside
        for overtake in (beside.stop.give_up, Latest.next):
            progress = partial(_overtaken, overtake, own)
            first, last = beside.compare("layers", None, shown, Latest(), own, progress)
            assert first[beside.stop.button]["visible"]
            # Whoever overtakes it hides the button, or is at work and needs it.
            assert last[beside.stop.button] == gr.skip()
            assert last[beside.found] is None
        progress = partial(_overtaken, Latest.next, latest := Latest())
        _, last = beside.compare("layers", None, shown, latest, own, progress)
        assert not last[beside.stop.button]["visible"]
        assert not beside.stop.give_up(own)["visible"]
        assert not warnings

    def test_what_cannot_be_compared_is_said(self, compare, look, warnings):
        assert compare("species", None, look()["shown"]) == ("", [])
        assert compare("layers", None, None) == ("", [])
        assert warnings == [
            "Choose what this map is to be compared with.", "There is no map to compare yet.",
        ]  # fmt: skip


def _caption(shown):
    return caption(shown.explanation, shown.card, shown.probability, shown.paint.threshold)


def _compared(
    identify, kind, other, shown, latest=None, progress=lambda *_, **__: None
):  # fmt: skip
    """What a comparison of an answer's map with others finds."""
    *_, last = identify.beside.compare(kind, other, shown, latest or Latest(), Latest(), progress)
    return last[identify.beside.found]


def _offered(identify, shown):
    return [kind for _, kind in identify.beside.view(shown)[identify.beside.kind]["choices"]]


def _checked(identify, shown, progress=lambda *_, **__: None):
    """What a check of an answer finds."""
    *_, last = identify.check.check(shown, Latest(), Latest(), progress)
    return last[identify.check.found]


def _overtaken(by, latest, *_, **__):
    """What stands for progress, while something else is asked."""
    by(latest)


def _scores(deletion, insertion, road):
    """Scores with level curves, whose areas are their heights."""
    curves = [np.repeat(np.asarray(heights)[:, None], 9, 1) for heights in (deletion, insertion)]
    return Scores(*curves, np.asarray(road))


class TestCheck:
    def test_a_map_is_compared_with_random_ones(self, identify, look, monkeypatch):
        monkeypatch.setattr(check, "SECONDS", 1e-9)  # as many as there must be
        shown = look()["shown"]
        told = []
        found = _checked(identify, shown, lambda share, **_: told.append(share))
        drawn = identify.check.show(found, shown)
        line = plain(drawn[identify.check.result])
        for chart in (identify.check.deletion, identify.check.insertion):
            assert drawn[chart.plot]["visible"]
            assert "this map: probability of " in plain(drawn[chart.numbers])
        assert f"of {faithfulness.AT_A_TIME} random maps" in line
        assert "ROAD" in line
        assert "Grad-CAM: area under the deletion curve" in line
        assert told[-1] == 1
        # The random maps of this picture, model and species are known now.
        monkeypatch.setattr(check, "random_scores", lambda *_, **__: pytest.fail("computed again"))
        other = look(method="eigen-cam", shown=shown)["shown"]
        assert "Eigen-CAM: area" in _checked(identify, other).line
        # Another map has come to the page while this one was checked.
        for now in (other, None):
            assert identify.check.show(found, now) == identify.check.nothing

    def test_a_check_may_be_stopped_or_overtaken(self, identify, look, warnings):
        shown = look(path=EEVEE)["shown"]  # whose random maps are not known yet
        latest, own = Latest(), Latest()
        for overtake in (identify.check.stop.give_up, Latest.next):
            progress = partial(_overtaken, overtake, own)
            first, last = identify.check.check(shown, latest, own, progress)
            assert first[identify.check.stop.button]["visible"]
            assert last[identify.check.stop.button] == gr.skip()
            assert last[identify.check.found] is None
        progress = partial(_overtaken, Latest.next, latest)
        *_, last = identify.check.check(shown, latest, own, progress)
        assert last[identify.check.found] is None
        assert not warnings

    def test_a_species_that_the_model_rules_out_cannot_be_checked(
        self, identify, look, warnings, monkeypatch
    ):
        shown = look()["shown"]
        monkeypatch.setattr(faithfulness, "LEAST_PROBABLE", shown.probability + 0.001)
        assert _checked(identify, shown) is None
        assert "gives this species less than" in warnings[0]

    def test_a_new_map_has_not_been_checked(self, look):
        assert look()["verified"] == ""

    def test_nothing_to_check_is_said(self, identify, warnings):
        assert _checked(identify, None) is None
        assert warnings == ["There is no map to check yet."]

    @pytest.mark.parametrize(
        ("deletion", "insertion", "road", "words"),
        [
            (0.1, 0.9, 0.9, "Yes:"),
            (0.1, 0.9, 0.5, "Largely:"),
            (0.1, 0.5, 0.5, "In part:"),
            (0.5, 0.5, 0.5, "Not clearly better than chance"),
        ],
    )
    def test_the_verdict_follows_from_the_figures(self, deletion, insertion, road, words):
        random = _scores(np.linspace(0.2, 0.8, 100), *[np.linspace(0.2, 0.8, 100)] * 2)
        found = Faithfulness(_scores([deletion], [insertion], [road]), random)
        assert words in map_wording.faithfulness_line(METHODS["grad-cam"], "Mew", found)
