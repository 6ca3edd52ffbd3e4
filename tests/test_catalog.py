"""A folder of pictures as a table: whole, resumed, and not led astray by names or broken files."""

from __future__ import annotations

import csv
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import catalog, hub, imaging, reading
from pokeclf.__main__ import main
from pokeclf.catalog import COLUMNS, Row
from pokeclf.catalogtable import Table
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import CERTAIN, NONE_TRAINED, WHOLE
from tests.card_scene import CORNERS, card_scene, finder_of_scenes


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Pictures in folders, some of them broken, some oddly named."""
    folder = tmp_path_factory.mktemp("collection")
    random = np.random.default_rng(0)
    for number in range(40):
        place = folder / ("deeper" if number % 2 else "box")
        place.mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (9, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((70, 90)).save(place / f"{number:02}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 not much of a picture")
    (folder / "empty.png").touch()
    for name in (b"=1+1.png", b'a,"b"\nc.png', b"caf\xe9.png"):
        data = (folder / "box" / "00.png").read_bytes()
        (folder / os.fsdecode(name)).write_bytes(data)
    (folder / "notes.txt").write_text("no picture")
    return folder


def _catalog(root, folder, out, model="convmixer"):
    return main(
        [f"--checkpoints={root}", "catalog", str(folder), f"--model={model}", f"--csv={out}"]
    )


def _read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_picture_gets_a_row_with_the_answer_that_it_gets_alone(
    root, collection, tmp_path, capsys
):
    out = tmp_path / "out.csv"
    assert _catalog(root, collection, out) == 0
    rows = _read(out)
    assert len(rows) == 45
    listed = [catalog.file_name(path, collection) for path in catalog.pictures_in(collection)]
    assert [row["file"] for row in rows] == listed
    classifier = ModelStore(root).get("convmixer")
    for row in rows:
        if row["problem"]:
            assert row["species"] == row["confidence"] == ""
            continue
        path = collection / row["file"].encode().decode("unicode_escape")
        if not path.exists():
            continue  # not text, see below
        guesses = classifier.observe(imaging.decode(path)).top(2)
        assert [row["species"], row["second"]] == [guess.species for guess in guesses]
        assert float(row["confidence"]) == pytest.approx(guesses[0].probability, abs=1e-3)
        assert row["check"] == "yes"  # random weights are never sure
    problems = {row["file"]: row["problem"] for row in rows if row["problem"]}
    assert set(problems) == {"broken.jpg", "empty.png"}
    told = capsys.readouterr().out
    assert "43 pictures of " in told
    assert "2 files that could not be read" in told
    assert "Missing: " in told
    assert f"The table is in {out}." in told


def test_names_are_lines_and_no_formulas(root, collection, tmp_path):
    out = tmp_path / "out.csv"
    _catalog(root, collection, out)
    names = [row["file"] for row in _read(out)]
    assert "./=1+1.png" in names
    assert 'a,"b"\\x0ac.png' in names
    assert "caf\\xe9.png" in names
    assert len(names) == len(set(names)) == len(out.read_text(encoding="utf-8").splitlines()) - 1


def test_what_was_interrupted_goes_on(root, collection, tmp_path, monkeypatch):
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    _catalog(root, collection, whole)
    lines = whole.read_bytes().splitlines(keepends=True)
    asked = []
    read = catalog._read
    monkeypatch.setattr(catalog, "_read", lambda *a: (asked.append(a[1]), read(*a))[1])
    for kept, half in ((0, b"file,mod"), (1, b""), (7, lines[7][:9]), (20, b""), (46, b"")):
        out.write_bytes(b"".join(lines[:kept]) + half)
        asked.clear()
        assert _catalog(root, collection, out) == 0
        assert _read(out) == _read(whole)
        assert len(asked) == 46 - max(kept, 1)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b"name,value\n1,2\nwithout an end", "is not a table that this command writes"),
        (b"fi\nle", "is not a table that this command writes"),
        (b"\xff\xfe\x00\n", "is not a table that this command writes"),
        ((",".join(COLUMNS) + "\na,b\n").encode(), "is not a table that this command writes"),
        ((",".join(COLUMNS) + "\na.png,vit_frozen,,,,,,yes,\n").encode(), "made with vit_frozen"),
        (
            (",".join(COLUMNS) + "\na.png,convmixer,25,pikachu,lots,,,no,\n").encode(),
            "is not a table that this command writes",
        ),
        (
            (",".join(COLUMNS) + "\na.png,convmixer,25,agumon,0.9,,,no,\n").encode(),
            "names agumon, which is no species that convmixer knows",
        ),
    ],
)
def test_a_foreign_file_is_left_as_it_is(root, collection, tmp_path, capsys, contents, sentence):
    out = tmp_path / "out.csv"
    out.write_bytes(contents)
    assert _catalog(root, collection, out) == 2
    assert sentence in capsys.readouterr().err
    assert out.read_bytes() == contents


def test_mistakes_are_sentences(root, collection, tmp_path, capsys):
    for arguments in (
        (tmp_path / "nowhere", tmp_path / "out.csv"),
        (collection, tmp_path),
        (collection, tmp_path / "no folder" / "out.csv"),
    ):
        assert _catalog(root, *arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert _catalog(root, collection, tmp_path / "out.csv", "basic_cnn") == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_collection_is_summed_up(tmp_path):
    table = Table(tmp_path / "t.csv")
    found = [Row("a", "m", "25", "pikachu", "0.9", "raichu", "0.1", "no")] * 3
    found += [Row("b", "m", "1", "bulbasaur", "0.4", "oddish", "0.3"), Row("c", "m", problem="No.")]
    assert list(table.append(found)) == found
    for each in (table.summary, Table(tmp_path / "t.csv").summary):
        assert each.pictures == {"pikachu": 3, "bulbasaur": 1}
        assert (each.duplicates, each.doubtful, each.unread) == (2, 1, 1)
        # Missing is what the model could have named, which may be other classes than the 151.
        assert each.missing(["pikachu", "mew", "ivysaur", "a toy"]) == ("a toy", "ivysaur", "mew")


def test_two_commands_do_not_write_into_one_table(tmp_path):
    first, second = Table(tmp_path / "t.csv"), Table(tmp_path / "t.csv")
    row = Row("a", "m", "25", "pikachu", "0.9", "raichu", "0.1", "no")
    writing = first.append([row, replace(row, file="b")])
    assert next(writing) == row
    with pytest.raises(PokeclfError, match="is being written by somebody else, too"):
        next(second.append([row]))
    assert next(writing).file == "b"
    assert Table(tmp_path / "t.csv").done == {"a", "b"}


def test_files_that_could_not_be_read_are_no_pictures_known_before(root, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"broken")
    for _ in range(2):
        assert _catalog(root, folder, tmp_path / "out.csv") == 0
        assert "0 pictures of 0 of the 151 species; " in capsys.readouterr().out


def test_answers_that_are_sure_enough_are_right_in_98_of_100_validation_images():
    store = ModelStore(hub.BUNDLED)
    card = store.status("vit_finetuned").card
    threshold = catalog.least_confidence(hub.BUNDLED, card)
    assert 0.2 < threshold < 0.95
    made_up = catalog.least_confidence(hub.BUNDLED / "nowhere", card)
    assert made_up == catalog.USUAL_CONFIDENCE


@pytest.mark.parametrize("probability", [CERTAIN, CERTAIN - 0.01])
def test_where_cards_are_looked_for_the_part_counts_that_tells_most(tmp_path, probability):
    """Whatever lies in the same batch, each picture is read as it is alone."""
    for number in range(6):
        card_scene(CORNERS + np.float32(9 * number)).save(tmp_path / f"{number}.png")
    Image.new("RGB", (90, 70), "yellow").save(tmp_path / "6.png")
    (tmp_path / "7.png").write_bytes(b"no picture")
    classifier = ModelStore(hub.BUNDLED).get("vit_finetuned")
    finder = finder_of_scenes(probability)
    files = [(path.name, path) for path in catalog.pictures_in(tmp_path)]
    *found, broken = catalog.rows(classifier, files, 0.0, finder)
    assert broken.problem
    parts = set()
    for row, (_, path) in zip(found, files[:-1], strict=True):
        alone = reading.read(classifier, reading.views(imaging.decode(path), finder))
        parts.add(alone.part)
        best, second = alone.observation.top(2)
        assert (row.species, row.second) == (best.species, second.species)
        assert float(row.confidence) == pytest.approx(best.probability, abs=1e-3)
    assert len(parts) > 1
    whole = list(catalog.rows(classifier, files, 0.0))
    assert [row.confidence for row in whole[:6]] != [row.confidence for row in found[:6]]
    assert whole[6:] == [*found[6:], broken]


def test_however_many_views_there_are_few_go_through_the_model_at_once(root, tmp_path, monkeypatch):
    for number in range(7):
        card_scene().save(tmp_path / f"{number}.png")
    sizes, features = [], Classifier.features
    monkeypatch.setattr(
        Classifier, "features", lambda self, x: sizes.append(len(x)) or features(self, x)
    )
    monkeypatch.setattr(catalog, "BATCH", 5)
    files = [(path.name, path) for path in catalog.pictures_in(tmp_path)]
    rows = catalog.rows(ModelStore(root).get("convmixer"), files, 0.0, finder_of_scenes())
    assert len(list(rows)) == 7
    assert sizes == [5, 5, 5, 5, 5, 3]  # four views of five pictures, and of two


def test_familiarity_is_that_of_the_part_that_counts(root, tmp_path, monkeypatch):
    card_scene().save(tmp_path / "card.png")
    classifier, finder = ModelStore(root).get("convmixer"), finder_of_scenes()
    views = reading.views(imaging.decode(tmp_path / "card.png"), finder)
    counting = list(views.of).index(reading.read(classifier, views).part)
    whole = list(views.of).index(WHOLE)
    for familiar, check in ((counting, "no"), (whole, "no"), (None, "yes")):
        told = torch.full((len(views.of),), -1.0)
        if familiar is not None:
            told[familiar] = 1.0
        monkeypatch.setattr(Classifier, "familiarity", lambda self, features, told=told: told)
        (row,) = catalog.rows(classifier, [("card", tmp_path / "card.png")], 0.0, finder)
        assert row.check == check


def test_a_photo_of_a_card_is_catalogued_by_the_bundled_models(tmp_path):
    card_scene().save(tmp_path / "photo.png")
    out = tmp_path / "out.csv"
    arguments = ["catalog", str(tmp_path), "--model=vit_finetuned", f"--csv={out}", "--cards"]
    assert main(arguments) == 0
    (row,) = _read(out)
    assert row["species"] == "oddish"


def test_without_a_finder_no_table_is_begun(root, collection, tmp_path, capsys):
    out = tmp_path / "out.csv"
    arguments = ["catalog", str(collection), "--model=convmixer", f"--csv={out}", "--cards"]
    assert main([f"--checkpoints={root}", *arguments]) == 2
    assert capsys.readouterr().err == f"{NONE_TRAINED}\n"
    assert not out.exists()
