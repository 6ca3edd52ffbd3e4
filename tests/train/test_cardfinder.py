"""The card finder's training, on the project's own drawings of cards."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pokeclf import drawings, tradingcards
from pokeclf.imaging import decode
from pokeclf.models.cardfinder import CELLS, SIDE, CardFinder
from train import cardfinder
from train.__main__ import main
from train.cardfinder import loss_of, target_of
from train.cardphotos import Scenes


@pytest.fixture(scope="module")
def scenes():
    def picture(name):
        return np.asarray(decode(drawings.FOLDER / f"{name}.png").resize((172, 240)))

    cards = [(slug, picture(f"card-{slug}")) for slug in ("oddish", "magikarp")]
    return Scenes(cards, [picture(name) for name in ("pikachu", "snorlax", "eevee")])


def test_photos_are_the_same_every_time_and_differ_by_their_number(scenes):
    photos = [scenes.any_photo(np.random.default_rng((3, number))) for number in range(40)]
    again = scenes.any_photo(np.random.default_rng((3, 7)))
    np.testing.assert_array_equal(again.picture, photos[7].picture)
    assert {len(photo.corners) for photo in photos} >= {0, 1, 2}
    assert len({photo.picture.tobytes() for photo in photos}) > 30


def test_cards_lie_where_a_photo_says(scenes):
    for number in range(12):
        photo = scenes.photo(np.random.default_rng(number), 3)
        assert photo.picture.dtype == np.uint8
        height, width = photo.picture.shape[:2]
        assert len(photo.species) == len(photo.corners) >= 1
        for corners in photo.corners:
            assert cv2.isContourConvex(corners.astype(np.int32))
            assert (corners.mean(0) > 0).all()
            assert (corners.mean(0) < (width, height)).all()


def test_a_card_seen_straight_looks_like_itself(scenes):
    best = []
    for number in range(8):
        photo = scenes.photo(np.random.default_rng(number))

        seen = tradingcards.straightened(Image.fromarray(photo.picture), photo.corners[0])
        small = np.asarray(seen.resize((60, 84))).ravel()
        alike = [
            np.corrcoef(small, cv2.resize(card, (60, 84)).ravel())[0, 1] for _, card in scenes.cards
        ]
        best.append(scenes.cards[int(np.argmax(alike))][0] == photo.species[0])
    assert np.mean(best) >= 0.75


class _Perfect(nn.Module):
    """Says what it was told to."""

    def __init__(self, target):
        super().__init__()
        self.centres = torch.from_numpy(target.centres)[None] * 20 - 10
        self.corners = torch.from_numpy(target.corners)[None]

    def forward(self, x):
        return self.centres, self.corners


def test_a_network_that_says_what_it_is_taught_finds_the_cards():

    outlines = [
        np.float32([[20, 30], [80, 40], [70, 120], [10, 110]]),
        np.float32([[180, 150], [120, 160], [110, 80], [170, 70]]),
    ]
    finder = tradingcards.Finder(_Perfect(target_of(outlines)))
    found = finder.find(Image.new("RGB", (SIDE, SIDE)))
    assert len(found) == 2
    for outline in outlines:
        assert min(np.abs(card.corners - outline).max() for card in found) < 0.05


def test_the_loss_is_least_for_what_is_taught():
    outline = np.float32([[20, 30], [80, 40], [70, 120], [10, 110]])
    target = target_of([outline])
    parts = target.centres, target.corners, target.weights
    tensors = [torch.from_numpy(part)[None] for part in parts]
    perfect = loss_of(_Perfect(target)(None), tensors)
    blind = loss_of((torch.zeros(1, CELLS, CELLS), torch.zeros(1, 8, CELLS, CELLS)), tensors)
    assert perfect < 0.1 * blind


def test_an_interrupted_training_goes_on(scenes, tmp_path, monkeypatch):
    monkeypatch.setattr(cardfinder, "BATCH", 2)
    monkeypatch.setattr(cardfinder, "KEPT_EVERY", 2)
    state = tmp_path / "state.pt"
    whole = _trained(scenes, state)
    _alike(whole, _trained(scenes, state))  # nothing is left to do
    state.unlink()

    def stop(*_):
        if state.exists():
            raise KeyboardInterrupt
        return loss_of(*_)

    monkeypatch.setattr(cardfinder, "loss_of", stop)
    with pytest.raises(KeyboardInterrupt):
        _trained(scenes, state)
    monkeypatch.setattr(cardfinder, "loss_of", loss_of)
    _alike(whole, _trained(scenes, state))


def _trained(scenes, state):
    torch.manual_seed(0)
    network = CardFinder()
    cardfinder.fit(network, scenes, 4, 1e-3, state, seed=0)
    return network


def _alike(one, other):
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)


def test_the_command_keeps_what_it_trained(
    train_command, image_folder, tmp_path, scenes, monkeypatch
):
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    monkeypatch.setattr(cardfinder, "BATCH", 2)
    monkeypatch.setattr(cardfinder, "scenes_of", lambda *_: scenes)
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    photos = f"--backgrounds={drawings.FOLDER}"
    assert main(["cardfinder", *arguments, photos, "--steps=2"]) == 0
    assert not list(tmp_path.glob("*.pt"))
    first = tradingcards.load(train_command.out)
    assert main(["cardfinder", *arguments, photos, "--steps=2", "--further"]) == 0
    second = tradingcards.load(train_command.out)
    weights = [each.network.head[0].weight for each in (first, second)]
    assert not torch.equal(*weights)
    torch.testing.assert_close(*weights, rtol=0, atol=0.01)


def test_a_data_set_without_cards_is_told(train_command, image_folder, tmp_path, capsys):
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    (tmp_path / "photos").mkdir()
    arguments = [
        "cardfinder", f"--data={image_folder}", f"--out={train_command.out}",
        f"--work={tmp_path}", f"--backgrounds={tmp_path / 'photos'}",
    ]  # fmt: skip
    assert main(arguments) == 2
    assert "no pictures in" in capsys.readouterr().err
    (tmp_path / "photos" / "one.png").write_bytes(drawings.drawings_of()[0].read_bytes())
    assert main(arguments) == 2
    assert "known to be a trading card" in capsys.readouterr().err
