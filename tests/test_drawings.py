"""What is kept of a network whose weights are not."""

from __future__ import annotations

import numpy as np
import pytest

from pokeclf import drawings
from pokeclf.checkpoint import CheckpointError
from pokeclf.drawings import drawings_of
from pokeclf.modelstore import ModelStore


@pytest.fixture(scope="module")
def looks(root):
    return drawings.looks(ModelStore(root).get("convmixer"))


def test_every_drawing_is_looked_at(looks):
    assert [look.drawing for look in looks] == [path.stem for path in drawings_of()]
    assert all(look.evidence.ndim == 2 and look.evidence.min() >= 0 for look in looks)


def test_what_is_kept_comes_back(looks, tmp_path):
    (tmp_path / drawings.FILE).write_bytes(drawings.pack(looks))
    for kept, look in zip(drawings.read(tmp_path), looks, strict=True):
        assert (kept.drawing, kept.guess, kept.method, kept.layer) == (
            look.drawing, look.guess, look.method, look.layer,
        )  # fmt: skip
        np.testing.assert_array_equal(kept.evidence, look.evidence)


def test_a_run_may_have_kept_none(tmp_path):
    assert drawings.read(tmp_path) == ()


def test_a_damaged_file_is_one_sentence(looks, tmp_path):
    (tmp_path / drawings.FILE).write_bytes(drawings.pack(looks)[:-9])
    with pytest.raises(CheckpointError, match="are damaged"):
        drawings.read(tmp_path)
    (tmp_path / drawings.FILE).write_bytes(b"")
    with pytest.raises(CheckpointError, match="are damaged"):
        drawings.read(tmp_path)
