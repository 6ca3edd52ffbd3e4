"""Small images and a trainer, as the tests of training have them."""

from __future__ import annotations

from tests.train.conftest import image_folder, small_recipes, train_command, weights_folder

__all__ = ["image_folder", "small_recipes", "train_command", "weights_folder"]
