"""``python -m pokeclf`` as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pokeclf import explaincommand, reading, tradingcards
from pokeclf.__main__ import main
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import PARTS, WHOLE
from tests.bad_images import REFUSED, TEN, bad_images
from tests.card_scene import card_scene, finder_of_scenes
from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    Image.new("RGB", (60, 40), "yellow").save(folder / "a.png")
    Image.new("RGB", (40, 60), "blue").save(folder / "deeper" / "b.jpg")
    (folder / "broken.png").write_bytes(b"not an image")
    (folder / "notes.txt").write_text("not meant as one")
    return folder


def _run(root, *arguments):
    return main([f"--checkpoints={root}", *map(str, arguments)])


def test_models_lists_fifteen(root, capsys):
    assert _run(root, "models", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 15
    by_id = {row["model"]: row for row in rows}
    assert by_id["convmixer"]["state"] == "trained"
    low, high = by_id["convmixer"]["accuracy_interval"]
    assert low < by_id["convmixer"]["accuracy"] < high
    assert "not trained yet" in by_id["basic_cnn"]["problem"]
    assert by_id["basic_cnn"]["parameters"] == 29_600_000
    assert by_id["basic_cnn"]["study_accuracy"] == 0.0066
    assert _run(root, "models") == 0
    assert len(capsys.readouterr().out.splitlines()) == 16


def test_predict_prints_one_object_a_line_and_survives_a_broken_file(root, pictures, capsys):
    assert _run(root, "predict", pictures, "--model=convmixer,vit_frozen", "--json", "--top=3") == 2
    output = capsys.readouterr()
    rows = [json.loads(line) for line in output.out.splitlines()]
    assert [(row["image"], row["model"]) for row in rows] == [
        (str(pictures / name), model)
        for name in ("a.png", "deeper/b.jpg")
        for model in ("convmixer", "vit_frozen")
    ]
    for row in rows:
        assert set(row) == {"image", "model", "top", "familiar"}
        assert len(row["top"]) == 3
        probabilities = [guess["probability"] for guess in row["top"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert all(set(guess) == {"species", "probability"} for guess in row["top"])
    assert output.err.count("\n") == 1
    assert "broken.png: This is not an image" in output.err


@pytest.mark.parametrize("kind", TEN)
def test_odd_files_get_an_answer_or_one_sentence(root, tmp_path, capsys, kind):
    data, expectation = bad_images()[kind]
    (tmp_path / "picture.png").write_bytes(data)
    code = _run(root, "predict", tmp_path / "picture.png", "--model=convmixer", "--json")
    output = capsys.readouterr()
    if expectation == REFUSED:
        assert code == 2
        assert output.out == ""
        assert output.err.count("\n") == 1
        assert output.err.endswith(".\n")
    else:
        assert code == 0
        assert json.loads(output.out)["top"]
        assert output.err == ""


def test_predict_all_takes_what_is_trained(root, pictures, capsys):
    assert _run(root, "predict", pictures / "a.png", "--model=all") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_damaged_model_does_not_stop_the_others(pictures, tmp_path, capsys):
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(tmp_path, model)
    weights = tmp_path / "vit_frozen" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert _run(tmp_path, "predict", pictures / "a.png", "--model=all", "--json") == 2
    output = capsys.readouterr()
    assert json.loads(output.out)["model"] == "convmixer"
    assert "its hash does not fit" in output.err
    (tmp_path / "convmixer" / "card.json").unlink()
    assert _run(tmp_path, "models", "--json") == 0
    states = {row["model"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert states["convmixer"] == "damaged"
    assert states["basic_cnn"] == "not trained"


def test_an_empty_folder_does_not_stop_the_others(root, pictures, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    code = _run(root, "predict", tmp_path / "empty", pictures / "a.png", "--model=convmixer")
    assert code == 2
    output = capsys.readouterr()
    assert "a.png: convmixer" in output.out
    assert "empty is a folder" in output.err


def test_explain_writes_a_png(root, pictures, tmp_path, capsys):
    out = tmp_path / "map.png"
    code = _run(
        root, "explain", pictures / "a.png", "--model=vit_frozen", "--method=grad-cam",
        "--species=Mr. Mime", f"--out={out}",
    )  # fmt: skip
    assert code == 0
    width, height = Image.open(out).size
    assert height > width > 480  # the map, enlarged, above its caption
    assert "for Mr. Mime" in capsys.readouterr().out


def test_explain_takes_a_specialists_choices_and_writes_the_map_itself(
    root, pictures, tmp_path, capsys
):
    out, array = tmp_path / "map.png", tmp_path / "map.npy"
    code = _run(
        root, "explain", pictures / "a.png", "--model=convmixer", "--method=finer-cam",
        "--species=raichu", "--against=Pikachu", "--layer=stage 2 of 8", f"--out={out}",
        f"--array={array}",
    )  # fmt: skip
    assert code == 0
    assert "for Raichu" in (said := capsys.readouterr().out)
    assert "and not Pikachu" in said
    heatmap = np.load(array, allow_pickle=False)
    assert heatmap.shape == (160, 160)
    assert heatmap.dtype == np.float32
    assert 0 <= heatmap.min() <= heatmap.max() <= 1
    deepest = _run(
        root, "explain", pictures / "a.png", "--model=convmixer", "--method=finer-cam",
        "--species=raichu", "--against=Pikachu", f"--out={out}", f"--array={array}",
    )  # fmt: skip
    assert deepest == 0
    assert not np.allclose(heatmap, np.load(array))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["predict", "no-such.png", "--model=convmixer"], "no-such.png"),
        (["predict", "x.png", "--model=basic_cnn"], "not trained yet"),
        (["predict", "x.png", "--model=nonsense"], "There is no model 'nonsense'"),
        (["predict", "x.png", "--model=convmixer", "--top=0"], "--top"),
        (["explain", "x.png", "--model=convmixer", "--out=o.png", "--species=agumon"], "agumon"),
        (["explain", "x.png", "--model=convmixer", "--out=o.png"], "There is no file"),
        (["--checkpoints=no-such-folder", "models"], "There is no folder"),
    ],
)
def test_mistakes_get_one_sentence_and_exit_code_2(
    root, tmp_path, monkeypatch, capsys, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    assert _run(root, *arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert sentence in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    "choice", ["--layer=stage 1 of 8", "--against=mew", "--heads=max", "--head=1", "--discard=0.5"]
)
def test_a_choice_that_the_method_does_not_read_is_refused(root, pictures, capsys, choice):
    arguments = ("--model=convmixer", "--method=occlusion", choice, "--out=o.png")
    assert _run(root, "explain", pictures / "a.png", *arguments) == 2
    option = choice.split("=")[0]
    assert capsys.readouterr().err == f"Method occlusion takes no {option}.\n"


def test_a_layer_that_the_model_lacks_is_answered_with_those_it_has(root, pictures, capsys):
    code = _run(
        root, "explain", pictures / "a.png", "--model=convmixer", "--layer=last", "--out=o.png"
    )
    assert code == 2
    assert "There is no layer 'last'; there are stage 1 of 8, " in capsys.readouterr().err


def test_a_method_that_the_model_lacks_is_answered_with_those_it_has(root, pictures, capsys):
    code = _run(
        root, "explain", pictures / "a.png", "--model=convmixer", "--method=rollout", "--out=o.png"
    )
    assert code == 2
    assert "it has grad-cam, cam, " in capsys.readouterr().err


def test_bad_usage_is_one_sentence_in_the_real_process(root):
    done = subprocess.run(
        [sys.executable, "-m", "pokeclf", "predict"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "PATH" in done.stderr


def test_a_closed_pipe_is_no_error(root):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pokeclf", f"--checkpoints={root}", "models"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_name_that_is_too_long_is_one_sentence(root, capsys):
    assert _run(root, "predict", "x" * 300 + ".png", "--model=convmixer") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def photo(tmp_path):
    """A trading card in a scene, and in the same folder a picture without one."""
    card_scene().save(tmp_path / "photo.png")
    Image.new("RGB", (60, 40), "yellow").save(tmp_path / "plain.png")
    return tmp_path / "photo.png"


def test_where_cards_are_looked_for_the_part_that_counts_is_told(root, photo, monkeypatch, capsys):
    monkeypatch.setattr(tradingcards, "load", lambda root: finder_of_scenes())
    arguments = ("predict", photo, photo.parent / "plain.png", "--model=vit_frozen", "--cards")
    assert _run(root, *arguments, "--json") == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["part"] in PARTS
    assert second["part"] == WHOLE
    assert _run(root, *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"photo.png: vit_frozen ({first['part']}): " in lines[0]
    assert "plain.png: vit_frozen (whole picture): " in lines[1]
    assert _run(root, "predict", photo, "--model=vit_frozen") == 0
    assert "photo.png: vit_frozen: " in capsys.readouterr().out


def test_the_map_of_a_card_lies_over_the_part_that_counts(root, photo, monkeypatch, capsys):
    monkeypatch.setattr(tradingcards, "load", lambda root: finder_of_scenes())
    explained = []
    explain = explaincommand.explain.explain

    def noted(classifier, observation, *rest):
        explained.append(observation)
        return explain(classifier, observation, *rest)

    monkeypatch.setattr(explaincommand.explain, "explain", noted)
    out = photo.parent / "map.png"
    assert _run(root, "explain", photo, "--model=convmixer", "--cards", f"--out={out}") == 0
    classifier = ModelStore(root).get("convmixer")
    found = reading.read(classifier, reading.views(decode(photo), finder_of_scenes()))
    np.testing.assert_array_equal(explained[0].crop, found.observation.crop)
    assert f" in the {found.part} is written to {out}." in capsys.readouterr().out


def test_the_bundled_models_recognise_a_photo_of_a_card(photo, capsys):
    assert main(["predict", str(photo), "--model=vit_finetuned", "--cards", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["top"][0]["species"] == "oddish"
    assert line["part"] in PARTS


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_without_a_finder_cards_are_one_sentence(root, photo, capsys, command):
    assert _run(root, command, photo, "--model=convmixer", "--cards") == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"{tradingcards.NONE_TRAINED}\n"
