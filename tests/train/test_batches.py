"""Training batches: random but repeatable, and plain ones equal to what is served."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pokeclf import dataset, imaging
from pokeclf.imaging import Preprocessing
from train.batches import Augmentation, ImageBatches, ahead

PLAIN = Preprocessing(32, "squash", (0.5, 0.4, 0.3), (0.2, 0.3, 0.25))


@pytest.fixture(scope="module")
def folder(image_folder, tmp_path_factory):
    return dataset.open_folder(image_folder, tmp_path_factory.mktemp("work"))


def _batches(folder, **options):
    defaults = {"augmentation": Augmentation(0.4), "shuffle": True, "seed": 3}
    return ImageBatches(folder, np.arange(30), PLAIN, 8, **{**defaults, **options})


def _all(batches):
    return torch.cat([inputs for inputs, _ in batches])


def test_evaluation_sees_what_the_dashboard_feeds(folder, image_folder):
    inputs = _all(_batches(folder, augmentation=None, shuffle=False))
    for tensor, entry in zip(inputs, folder.entries[:30], strict=True):
        assert torch.equal(tensor, PLAIN.tensor(imaging.decode(image_folder / entry.path)))


def test_threads_and_repetition_change_nothing(folder):
    alone = _all(_batches(folder, workers=1))
    assert torch.equal(alone, _all(_batches(folder, workers=4)))
    assert not torch.equal(alone, _all(_batches(folder, epoch=1)))
    assert not torch.equal(alone, _all(_batches(folder, seed=4)))


def test_every_image_comes_once_with_its_label(folder):
    labels = torch.cat([labels for _, labels in _batches(folder)])
    assert sorted(labels.tolist()) == sorted(folder.labels()[:30].tolist())
    assert len(_batches(folder)) == 4


def test_an_image_that_comes_twice_comes_in_two_views(folder):
    twice = replace(_batches(folder), indices=np.array([4, 4]))
    first, second = _all(twice)
    assert not torch.equal(first, second)


def test_random_views_stay_within_the_range_of_pixels(folder):
    wild = Augmentation(0.1, brightness=0.9, contrast=0.9, saturation=0.9, hue=0.5, erase=1.0)
    inputs = _all(_batches(folder, augmentation=wild))
    mean, std = (torch.tensor(value)[:, None, None] for value in (PLAIN.mean, PLAIN.std))
    pixels = inputs * std + mean
    assert inputs.shape == (30, 3, 32, 32)
    assert pixels.min() >= -1e-5
    assert pixels.max() <= 1 + 1e-5


def test_an_augmentation_of_nothing_is_the_image_or_its_mirror(folder):
    still = Augmentation(1.0, 1.0, 0, 0, 0, 0, 0)
    views = _all(_batches(folder, augmentation=still, shuffle=False))
    mirrored = 0
    for view, number in zip(views, range(30), strict=True):
        image = folder.image(number).resize((32, 32), imaging.Image.Resampling.BILINEAR)
        plain = PLAIN.normalise(torch.from_numpy(np.array(image)).permute(2, 0, 1))
        mirrored += int(torch.allclose(view, plain.flip(2), atol=1e-4))
        assert torch.allclose(view, plain, atol=1e-4) or torch.allclose(
            view, plain.flip(2), atol=1e-4
        )
    assert 0 < mirrored < 30


def test_grey_stays_grey_when_hue_and_saturation_change(folder):
    wild = Augmentation(0.5, saturation=0.9, hue=0.5)
    random = np.random.default_rng(0)
    for _ in range(10):
        matrix, offset = wild.colours(random)
        red, green, blue = matrix @ np.full(3, 100.0) + offset
        assert red == pytest.approx(green)
        assert green == pytest.approx(blue)


def test_jobs_come_back_in_order_and_errors_come_through():
    assert list(ahead([lambda n=n: n for n in range(20)], 3)) == list(range(20))

    def broken():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(ahead([broken], 2))
