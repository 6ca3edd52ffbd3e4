"""What the door reads from the environment."""

from __future__ import annotations

import pytest

import app
from pokeclf.errors import PokeclfError


def test_the_folder_of_images_is_named_by_a_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("POKECLF_DATA", raising=False)
    assert app.images_folder() is None
    monkeypatch.setenv("POKECLF_DATA", "")
    assert app.images_folder() is None
    monkeypatch.setenv("POKECLF_DATA", str(tmp_path))
    assert app.images_folder() == tmp_path.resolve()


def test_a_folder_that_is_not_there_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("POKECLF_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(PokeclfError, match="no folder of images at"):
        app.images_folder()
