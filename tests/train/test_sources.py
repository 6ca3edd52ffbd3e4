"""Images by the name of a Kaggle data set, and pretrained weights from a folder."""

from __future__ import annotations

import shutil
import sys
from types import SimpleNamespace

import pytest
import torch

from pokeclf import models
from pokeclf.errors import PokeclfError
from train.pretrained import backbone_weights
from train.sources import data_folder


def test_a_path_is_itself(tmp_path):
    assert data_folder(str(tmp_path)) == tmp_path


def test_a_kaggle_name_is_downloaded_and_its_class_folders_found(
    monkeypatch, tmp_path, image_folder
):
    (tmp_path / "readme.png").write_bytes(b"")
    shutil.copytree(image_folder, tmp_path / "dataset" / "images")
    asked = []

    def download(handle):
        asked.append(handle)
        return str(tmp_path)

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    found = data_folder("kaggle:thedagger/pokemon-generation-one")
    assert asked == ["thedagger/pokemon-generation-one"]
    assert found == tmp_path / "dataset" / "images"


def test_a_failed_download_is_one_sentence(monkeypatch):
    def download(handle):
        raise ConnectionError("no network\nat all")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    with pytest.raises(PokeclfError, match="cannot be downloaded") as caught:
        data_folder("kaggle:a/b")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
def test_weights_of_a_folder_fit_their_backbone(weights_folder, name):
    architecture = "resnet18" if name == "resnet18" else "vit"
    network = models.build(architecture, 3, name)
    tensors = backbone_weights(name, weights_folder)
    network.body.load_state_dict(tensors)
    assert all(t.dtype == torch.float32 for t in tensors.values() if t.is_floating_point())


def test_weights_that_are_none_are_said(tmp_path):
    with pytest.raises(PokeclfError, match="There are no weights"):
        backbone_weights("resnet18", tmp_path)
    (tmp_path / "resnet18.safetensors").write_bytes(b"something else")
    with pytest.raises(PokeclfError, match="not a safetensors file"):
        backbone_weights("resnet18", tmp_path)
