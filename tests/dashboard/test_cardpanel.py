"""Trading cards below the picture: which part is asked about, other cards, corners by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from pokeclf import drawings, reading, tradingcards
from pokeclf.dashboard import notices
from pokeclf.dashboard.cardpanel import CardPanel
from pokeclf.dashboard.desk import Desk
from pokeclf.dashboard.inputs import Picture
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import PARTS, WHOLE, TradingCard, views
from tests.card_scene import CORNERS, card_scene

OTHER = CORNERS + np.float32([200, 20])


@pytest.fixture
def panel(root, monkeypatch):
    """A panel whose finder says where the cards lie."""
    with gr.Blocks():
        panel = CardPanel(Observations(ModelStore(root)), Picture())
    cards = (TradingCard(CORNERS, 0.99), TradingCard(OTHER, 0.8))
    panel.observations.__dict__["finder"] = SimpleNamespace(find=lambda picture: cards)
    return panel


@pytest.fixture
def upload(tmp_path):
    path = tmp_path / "photo.png"
    card_scene().save(path)
    return str(path)


def _picture(updates, panel):
    return np.asarray(decode(Path(updates[panel.picture])))


def test_the_part_that_counts_of_the_largest_card_is_asked_about(panel, upload):
    updates = panel.find(upload, "convmixer")
    assert updates[panel.panel]["visible"]
    assert "2 trading cards were found" in updates[panel.words]
    part = updates[panel.part]
    parts = {name: panel.part_file(updates[panel.desk], name) for name in PARTS}
    answers = {
        name: panel.observations.get(path, "convmixer").observation.probabilities
        for name, path in parts.items()
    }
    assert part == reading.telling(answers, set(answers), certain=True)
    assert updates[panel.picture] == parts[part]
    assert [value for _, value in updates[panel.card]["choices"]] == ["0", "1"]


def test_the_whole_picture_counts_too_unless_somebody_says_that_there_is_a_card(
    panel, upload, monkeypatch
):
    asked = []
    file = panel.part_file
    monkeypatch.setattr(
        panel, "part_file", lambda desk, part: asked.append(part) or file(desk, part)
    )
    desk = panel.find(upload, "convmixer")[panel.desk]
    assert asked[:-1] == [*PARTS, WHOLE]
    asked.clear()
    panel.choose_card(desk, "1", "convmixer")
    corners = [gr.SelectData(None, {"index": [int(x), int(y)], "value": None}) for x, y in CORNERS]
    for corner in corners:
        desk = panel.click(desk, "convmixer", corner)[panel.desk]
    assert len(asked) == 2 * (len(PARTS) + 1)
    assert WHOLE not in asked


@pytest.mark.parametrize("part", PARTS)
def test_another_part_is_shown(panel, upload, part):
    desk = panel.find(upload, "convmixer")[panel.desk]
    shown = _picture(panel.choose_part(desk, part), panel)
    own = np.asarray(views(decode(Path(upload)), CORNERS)[part])
    assert shown.shape == own.shape
    assert np.abs(shown.astype(float) - own).max() == 0
    whole = panel.choose_part(desk, WHOLE)
    assert whole[panel.picture] == upload


def test_another_card_is_shown(panel, upload):
    desk = panel.find(upload, None)[panel.desk]
    first = panel.choose_part(desk, "whole card")[panel.picture]
    other = panel.choose_card(desk, "1", None)
    assert other[panel.desk].chosen == 1
    assert panel.choose_part(other[panel.desk], "whole card")[panel.picture] != first
    for number in ("2", "-1", None, "x"):
        with pytest.raises(PokeclfError, match="no such card"):
            panel.choose_card(desk, number, None)


def _click(panel, desk, *places):
    updates = {panel.desk: desk}
    for place in places:
        event = SimpleNamespace(index=place)
        updates = panel.click(updates[panel.desk], None, event)
    return updates


def test_four_clicks_are_another_outline(panel, upload):
    desk = panel.find(upload, None)[panel.desk]
    corners = [[200, 50], [430, 120], [340, 410], [110, 340]]
    third = _click(panel, desk, *corners[:3])
    assert "bottom left" in third[panel.hint]
    assert panel.picture not in third
    last = _click(panel, third[panel.desk], corners[3])
    np.testing.assert_array_equal(last[panel.desk].cards[0].corners, np.float32(corners))
    np.testing.assert_array_equal(last[panel.desk].cards[1].corners, OTHER)
    assert "top left" in last[panel.hint]
    assert last[panel.picture] != upload


@pytest.mark.parametrize(
    "corners",
    [[[0, 0]] * 4, [[0, 0], [99, 99], [99, 0], [0, 99]], [[5, 5], [6, 5], [6, 6], [5, 6]]],
)
def test_four_clicks_that_are_no_card_change_nothing(panel, upload, corners, monkeypatch):
    said = []
    monkeypatch.setattr(notices, "notify", said.append)
    desk = panel.find(upload, None)[panel.desk]
    updates = _click(panel, desk, *corners)
    assert "no card" in str(said[0])
    assert panel.picture not in updates
    np.testing.assert_array_equal(updates[panel.desk].cards[0].corners, CORNERS)
    assert updates[panel.desk].clicked == ()


@pytest.mark.parametrize("index", [None, "x", [1], [1, 2, 3], ["a", "b"], [float("nan"), 1]])
def test_a_click_on_nothing_is_one_sentence(panel, upload, index):
    desk = panel.find(upload, None)[panel.desk]
    with pytest.raises(PokeclfError, match="corner of the card"):
        _click(panel, desk, index)


def test_a_picture_without_cards_hides_the_panel(panel, upload):
    panel.observations.__dict__["finder"] = SimpleNamespace(find=lambda picture: ())
    updates = panel.find(upload, "convmixer")
    assert updates == {panel.desk: None, panel.panel: gr.update(visible=False)}


def test_a_file_that_is_no_picture_is_left_to_the_answer(panel, tmp_path):
    (tmp_path / "no.png").write_bytes(b"not a picture")
    assert panel.picture not in panel.find(str(tmp_path / "no.png"), "convmixer")


def test_without_a_finder_pictures_stay_as_they_are(root, upload):
    with gr.Blocks():
        panel = CardPanel(Observations(ModelStore(root)), Picture())
    assert panel.observations.finder is None
    assert panel.picture not in panel.find(upload, "convmixer")


def test_of_a_drawing_parts_are_offered_and_it_stays_whole(panel):
    drawing = str(drawings.FOLDER / "card-oddish.png")
    updates = panel.offer(drawing)
    assert updates[panel.picture] == drawing
    assert updates[panel.part] == WHOLE


def test_what_is_on_the_page_already_is_left_there(panel, upload):
    drawing = drawings.FOLDER / "card-oddish.png"
    panel.drawings = (drawing,)
    offered = panel.offer_shown(str(drawing))
    assert panel.picture not in offered
    assert offered[panel.part] == WHOLE
    for other in (upload, None):  # nothing was opened, or the visitor was faster
        assert panel.offer_shown(other) == {panel.desk: gr.skip()}


def test_a_desk_that_is_gone_is_told(panel):
    for call in (
        lambda: panel.choose_part(None, WHOLE),
        lambda: panel.choose_card(None, "0", None),
    ):
        with pytest.raises(PokeclfError, match="choose it again"):
            call()


def test_of_several_models_one_decides(root, upload):
    asked = []
    with gr.Blocks():
        panel = CardPanel(
            Observations(ModelStore(root)), Picture(), (), "other",
            lambda models: asked.append(models),
        )  # fmt: skip
    finder = SimpleNamespace(find=lambda picture: (TradingCard(CORNERS, 0.9),))
    panel.observations.__dict__["finder"] = finder
    updates = panel.find(upload, ["convmixer", "vit_frozen"])
    assert asked == [["convmixer", "vit_frozen"]]
    assert updates[panel.part] == "illustration"  # as nobody decided


def test_a_part_of_a_drawing_has_a_name_in_addresses(panel, upload, tmp_path):
    photo, other = Path(upload), tmp_path / "other.png"
    drawing = photo.rename(tmp_path / "scene.png")
    card_scene(OTHER).save(other)
    panel.drawings = (drawing,)
    whole = panel.drawn("scene", None)
    part = panel.drawn("scene", "illustration")
    assert panel.in_address(whole) == {"example": "scene", "part": None}
    assert panel.in_address(part) == {"example": "scene", "part": "illustration"}
    offered = panel.offer(part)
    assert offered[panel.part] == "illustration"
    assert offered[panel.desk].path == str(drawing)
    assert panel.offer(whole)[panel.part] == WHOLE
    # Neither another picture's part, nor one of a corrected outline, nor nothing at all.
    desk = panel.find(str(other), "convmixer")[panel.desk]
    assert panel.in_address(panel.part_file(desk, "illustration"))["example"] is None
    moved = Desk(str(drawing), (TradingCard(CORNERS + 9, 1.0),))
    assert panel.in_address(panel.part_file(moved, "illustration"))["example"] is None
    assert panel.in_address(None) == {"example": None, "part": None}


def test_a_drawing_without_a_card_is_shown_whole(panel, upload):
    panel.drawings = (Path(upload),)
    panel.observations.__dict__["finder"] = None
    path = panel.drawn(Path(upload).stem, "illustration")
    assert Path(path).read_bytes() == Path(upload).read_bytes()


def test_a_damaged_finder_leaves_a_drawing_whole_and_is_told(panel, upload, monkeypatch):
    told = []
    monkeypatch.setattr(notices, "notify", told.append)
    panel.drawings = (Path(upload),)
    del panel.observations.__dict__["finder"]
    (panel.observations.store.root / tradingcards.FILE).write_bytes(b"damaged")
    try:
        path = panel.drawn(Path(upload).stem, "illustration")
    finally:
        (panel.observations.store.root / tradingcards.FILE).unlink()
    assert Path(path).read_bytes() == Path(upload).read_bytes()
    assert "finder" in str(told[0])
