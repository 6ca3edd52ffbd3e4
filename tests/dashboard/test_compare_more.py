"""What stands below a comparison."""

from __future__ import annotations

import gradio as gr
import pytest

from pokeclf.dashboard.address import SAME
from pokeclf.dashboard.waiting import Latest
from pokeclf.errors import PokeclfError
from tests.dashboard.conftest import PIKACHU, captions


def test_a_model_does_not_differ_from_itself(compare):
    *_, last = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME)
    same = compare.more.differ(last[compare.found], "convmixer", "convmixer")
    assert same == "<p>Choose two different models.</p>"
    report = compare.more.reported(last[compare.found], "convmixer", "convmixer")
    assert "Download report" in report


def test_two_models_differences_are_drawn_at_once_and_a_pair_may_be_chosen(compare, warnings):
    models = ["convmixer", "vit_frozen", "resnet18_frozen"]
    *_, last = compare.compare(PIKACHU, models, SAME)
    between = captions(last[compare.more.differences])[2]
    assert between == "Orange: ConvMixer; purple: ViT frozen, deep head"
    chosen = compare.more.differ(last[compare.found], "resnet18_frozen", "convmixer")
    assert captions(chosen)[:2] == ["ResNet-18 frozen, deep head", "ConvMixer"]
    assert "is also in that of the other" in chosen
    for pair in (("convmixer", "basic_cnn"), (None, "convmixer")):
        with pytest.raises(PokeclfError, match="Choose two models"):
            compare.more.differ(last[compare.found], *pair)
    *_, alone = compare.compare(PIKACHU, ["convmixer"], SAME)
    assert alone[compare.more.differences] == ""
    assert not alone[compare.more.two]["visible"]


def test_another_pair_takes_the_report_of_the_former_two_away(compare):
    *_, last = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME)
    found, latest = last[compare.found], Latest()
    link = compare.more.link(latest, found, "convmixer", "vit_frozen")
    assert "Download report" in link[compare.more.links]
    chosen = compare.more.choose(latest, found, "vit_frozen", "convmixer")
    assert chosen[compare.more.links] == ""
    assert "purple: ConvMixer" in captions(chosen[compare.more.differences])[2]


@pytest.mark.parametrize("handler", ["choose", "link"])
def test_nothing_comes_below_a_newer_comparison(compare, monkeypatch, handler):
    *_, last = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME)
    latest, differ = Latest(), compare.more.differ

    def overtaken(*asked):
        latest.next()
        return differ(*asked)

    monkeypatch.setattr(compare.more, "differ", overtaken)
    found = getattr(compare.more, handler)(latest, last[compare.found], "convmixer", "vit_frozen")
    assert found == {compare.more.links: gr.skip()}
