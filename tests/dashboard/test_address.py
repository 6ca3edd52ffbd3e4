"""The address of a view: written and read, and nothing else of a query is taken in."""

from __future__ import annotations

import re
from collections import defaultdict
from html import unescape
from urllib.parse import parse_qsl

import pytest

from pokeclf import study
from pokeclf.dashboard.address import COMPARE, DATA, EXPERIMENTS, IDENTIFY, Address, read
from pokeclf.dashboard.page import build
from pokeclf.dashboard.waiting import Latest, StoppedError
from pokeclf.dashboard.wording import unknown_address
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS, layers_of, methods_of
from pokeclf.modelstore import ModelStore
from pokeclf.species import BY_SLUG
from tests.dashboard.conftest import DRAWINGS, EEVEE

HOSTILE = "\"><script>alert('x')</script>../../etc/passwd"


def parsed(query):
    """What a query string means."""
    parts = dict(part.split("=", 1) for part in query.removeprefix("?").split("&"))
    return read(parts, {"pikachu", "card-oddish", "eevee"}, BY_SLUG)


@pytest.mark.parametrize(
    "view",
    [
        Address(),
        Address(IDENTIFY, None, "pikachu", None, "vit_finetuned", "raichu", "rollout"),
        Address(IDENTIFY, None, "card-oddish", "illustration", "convmixer", "nidoran-f", "cam"),
        Address(IDENTIFY, model="convmixer", method="cam", layer="stage 2 of 8"),
        Address(IDENTIFY, method="finer-cam", against="raichu", strength=0, threshold=95),
        Address(IDENTIFY, method="rollout", heads="max", discard=90),
        Address(IDENTIFY, method="attention", head=0),
        Address(COMPARE, None, "pikachu", models=tuple(study.BY_ID), maps="each", top="basic_cnn"),
        Address(EXPERIMENTS, "two-models", first="convmixer", second="xgboost_exp1"),
        Address(EXPERIMENTS, "training", runs=("convmixer-tuned", "convmixer-study")),
        Address(EXPERIMENTS, "training", runs=("vit_frozen-study",), quantity="loss"),
        Address(EXPERIMENTS, "mistakes", model="convmixer", extent="families"),
        Address(EXPERIMENTS, "gallery", show="confusion", species="onix", guessed="geodude"),
        Address(EXPERIMENTS, "embedding", model="convmixer", species="onix", colours="family"),
        Address(EXPERIMENTS, "leaderboard", sort="latency"),
        Address(EXPERIMENTS, "gallery", show="species", species="mew", sheet=3, image=2255),
        Address(COMPARE, models=("convmixer",), maps="own"),
        Address(COMPARE, models=("convmixer", "basic_cnn"), first="basic_cnn", second="convmixer"),
        Address(DATA, species="mr-mime"),
    ],
)
def test_an_address_is_read_as_it_was_written(view):
    assert read(dict(parse_qsl(view.query[1:])), {"pikachu", "card-oddish"}, BY_SLUG) == (view, ())


def test_every_method_and_model_can_stand_in_an_address():
    for method in METHODS:
        assert parsed(f"?method={method}")[0].method == method
    for model in study.BY_ID:
        assert parsed(f"?model={model}&models={model}")[0].models == (model,)


@pytest.mark.parametrize(
    "name",
    [
        "tab", "view", "example", "model", "species", "method", "layer", "models", "maps", "top",
        "against", "heads", "head", "discard", "strength", "threshold",
        "first", "second", "runs", "quantity", "extent", "show", "guessed", "colours", "sort",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "value",
    [HOSTILE, "nonsense", "../pikachu", "x" * 100_000, "%00", ",", "-1", "101", "3.5", "\u0663"],
)
def test_what_is_unknown_is_left_out_and_only_its_name_is_told(name, value):
    found, unknown = parsed(f"?{name}={value}")
    assert found == Address()
    assert unknown == (name,)
    assert unknown_address(unknown).endswith(f"left out: {name}.")


@pytest.mark.parametrize("name", ["sheet", "image"])
@pytest.mark.parametrize("value", [HOSTILE, "nonsense", "-1", "100000", "3.5", "\u0663"])
def test_places_are_whole_numbers(name, value):
    assert parsed(f"?{name}={value}") == (Address(), (name,))


def test_what_is_not_ours_is_nobodys_mistake():
    assert parsed("?__theme=dark&utm_source=x&view=api&path=/etc/passwd") == (Address(), ())


def test_a_link_is_safe_html():
    link = Address(species='"><b>').link  # a class of a foreign data set may be called anything
    assert "<b>" not in link
    assert link.count('"') == 4


@pytest.mark.parametrize("model", ["convmixer", "vit_frozen"])
def test_every_layer_has_an_address(root, model):
    classifier = ModelStore(root).get(model)
    for method in methods_of(classifier):
        for layer in layers_of(classifier, method) if "layer" in method.takes else ():
            asked = Address(IDENTIFY, model=model, method=method.id, layer=layer)
            parts = dict(parse_qsl(asked.query.removeprefix("?")))
            assert read(parts, (), ()) == (asked, ())


class TestIdentify:
    def follow(self, identify, **asked):
        updates = identify.follow(Address(IDENTIFY, **asked), Latest())
        return updates, updates.get(identify.shown)

    def test_a_drawing_is_answered_as_the_address_says(self, identify):
        _, first = self.follow(identify, example="pikachu", model="convmixer")
        third = first.guesses[2].species
        updates, shown = self.follow(
            identify, example="pikachu", model="convmixer", species=third, method="layer-cam",
            layer="stage 2 of 8",
        )  # fmt: skip
        assert shown.question[1:4] == ("convmixer", third, "layer-cam")
        assert shown.explanation.layer == "stage 2 of 8"
        assert updates[identify.picture] == shown.path
        assert updates[identify.model] == "convmixer"
        assert (
            "?tab=identify&amp;example=pikachu&amp;model=convmixer&amp;"
            f"species={third}&amp;method=layer-cam&amp;layer=stage+2+of+8"
            in updates[identify.address]
        )

    @pytest.mark.parametrize(
        ("model", "asked"),
        [
            ("convmixer", {"method": "finer-cam", "against": "abra", "strength": 0}),
            ("vit_frozen", {"method": "rollout", "heads": "max", "discard": 50, "threshold": 30}),
            ("vit_frozen", {"method": "attention", "head": 0, "layer": "block 3 of 12"}),
        ],
    )
    def test_an_answer_can_be_opened_with_all_its_settings(self, identify, model, asked):
        updates, shown = self.follow(identify, example="eevee", model=model, **asked)
        assert shown.method.id == asked["method"]
        link = updates[identify.address]
        for name, value in asked.items():
            assert f"{name}={str(value).replace(' ', '+')}" in link
        again = parsed(unescape(re.search('href="([^"]*)"', link)[1]).replace("+", " "))
        assert again[0] == Address(
            IDENTIFY, example="eevee", model=model, species=shown.explanation.species, **asked
        )
        assert updates[identify.strength] == asked.get("strength", 60)
        assert updates[identify.threshold] == asked.get("threshold", 0)
        assert (shown.paint.strength, shown.paint.threshold) == (
            updates[identify.strength] / 100, updates[identify.threshold] / 100
        )  # fmt: skip

    def test_more_guesses_are_shown_when_the_species_is_far_down(self, identify):
        seen = identify.observations.get(EEVEE, "convmixer").observation
        eighth = seen.top(10)[7].species
        updates, shown = self.follow(identify, example="eevee", model="convmixer", species=eighth)
        assert updates[identify.count] == len(shown.guesses) == 8
        assert shown.explanation.species == eighth

    def test_a_species_that_is_no_guess_is_told(self, identify, warnings):
        seen = identify.observations.get(EEVEE, "convmixer").observation
        last = seen.top(151)[-1].species
        _, shown = self.follow(identify, example="eevee", model="convmixer", species=last)
        assert shown.explanation.species == seen.best.species
        assert "is not among this model's 10 best guesses" in warnings[0]

    @pytest.mark.parametrize(
        ("model", "asked", "sentence"),
        [
            ("convmixer", {"method": "rollout"}, "ConvMixer has no method Attention rollout, so"),
            ("convmixer", {"method": "layer-cam", "layer": "block 9 of 12"}, "no block 9 of 12"),
            ("vit_frozen", {"method": "attention", "head": 7}, "has no head 8, so its usual map"),
            (
                "convmixer",
                {"method": "cam", "layer": "stage 1 of 8"},
                "no choice of layer with CAM",
            ),
        ],
    )
    def test_what_the_model_does_not_have_is_told(
        self, identify, warnings, model, asked, sentence
    ):  # fmt: skip
        _, shown = self.follow(identify, example="eevee", model=model, **asked)
        assert shown.usual
        assert len(warnings) == 1
        assert sentence in warnings[0]

    def test_a_model_that_cannot_answer_is_told_and_the_best_one_answers(self, identify, warnings):
        _, shown = self.follow(identify, example="eevee", model="vit_scratch")
        assert shown.card.model == "vit_frozen"
        assert "not trained yet" in warnings[0]

    def test_a_slow_map_is_asked_for_and_what_gradio_echoes_does_not_stop_it(self, identify, look):
        latest = Latest()
        asked = Address(IDENTIFY, example="eevee", model="convmixer", method="occlusion")
        updates = identify.follow(asked, latest)
        shown, wish = updates[identify.shown], updates[identify.waiting.wish]
        assert (shown.method.id, wish.method) == ("grad-cam", "occlusion")
        page = {
            "path": shown.path, "model": "convmixer", "species": shown.explanation.species,
            "method": "grad-cam", "shown": shown, "latest": latest, "longer": False,
        }  # fmt: skip
        # The model's menu says that it was changed, before or after the answer is shown.
        look(**{**page, "species": None, "method": None})
        look(**page)
        latest.check(wish.number)
        look(**{**page, "method": "layer-cam"})  # a person chooses another method
        with pytest.raises(StoppedError):
            latest.check(wish.number)

    def test_a_person_who_is_faster_keeps_the_picture(self, identify, monkeypatch):
        latest, answered = Latest(), identify._answer

        def slowly(wish):
            found = answered(wish)
            latest.next()  # what `look` does for a picture that was chosen meanwhile
            return found

        monkeypatch.setattr(identify, "_answer", slowly)
        asked = Address(IDENTIFY, example="eevee", model="convmixer")
        assert list(identify.follow(asked, latest)) == [identify.summary]

        def fails(wish):
            slowly(wish)
            raise PokeclfError("It failed.")

        monkeypatch.setattr(identify, "_answer", fails)
        assert list(identify.follow(asked, latest)) == [identify.summary]

    def test_without_a_picture_the_model_alone_is_chosen(self, identify):
        updates = identify.open(Address(IDENTIFY, model="convmixer"))
        assert updates[identify.model]["value"] == "convmixer"
        assert identify.asked not in updates
        assert "model=convmixer" in updates[identify.address]

    def test_an_uploaded_picture_is_not_in_the_address(self, look, tmp_path):
        upload = tmp_path / "pikachu.png"
        upload.write_bytes((DRAWINGS / "eevee.png").read_bytes() + b"mine")
        assert "example" not in look(path=str(upload))["address"]
        assert "example=eevee" in look(path=EEVEE)["address"]


def test_the_last_link_that_is_asked_for_is_the_last_that_is_answered(store):
    page = build(store, DRAWINGS, workers=1)
    lanes = defaultdict(list)
    for each in page.fns.values():
        if each.name in ("changed", "link"):
            lanes[each.outputs[0]].append((each.concurrency_id, each.concurrency_limit))
    several = [lane for lane in lanes.values() if len(lane) > 1]
    assert len(several) > 5
    for lane in several:
        assert set(lane) == {(lane[0][0], "default")}
    assert len({lane[0][0] for lane in several}) == len(several)  # none waits for another
