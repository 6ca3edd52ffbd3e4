"""What the tests of all commands share."""

from __future__ import annotations

import pytest

from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of checkpoints: two models with random weights."""
    root = tmp_path_factory.mktemp("checkpoints")
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(root, model)
    return root
