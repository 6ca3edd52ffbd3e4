"""The Collection tab without a browser: what its endpoint answers, and that nothing stays."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import gradio as gr
import httpx
import pytest

from pokeclf import catalog, tradingcards
from pokeclf.dashboard import collection, limits
from pokeclf.dashboard.address import COLLECTION, Address, read
from pokeclf.dashboard.collection import BATCH, Collection
from pokeclf.dashboard.limits import TimeUpError, limited
from pokeclf.dashboard.page import build
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.uploads import VARIABLE
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from tests.card_scene import card_scene, finder_of_scenes
from tests.dashboard.conftest import DRAWINGS, EEVEE, PIKACHU


@pytest.fixture
def tab(store):
    with gr.Blocks():
        return Collection(Observations(store))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where uploads lie."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def upload(folder):
    """Puts a copy of a file where Gradio keeps uploads; what the browser then sends of it."""

    def call(source, name="mine.png"):
        place = folder / f"{len(list(folder.iterdir()))}"
        place.mkdir()
        return {"path": str(shutil.copy(source, place / "upload")), "orig_name": name}

    return call


def test_each_picture_gets_the_row_of_a_catalogue_and_its_fingerprint(tab, upload, store, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"no picture")
    sent = [upload(PIKACHU, "a/b.png"), upload(broken, "=1+1.png"), upload(EEVEE, "c\nd.png")]
    rows = tab.collect(sent, "convmixer")["rows"]
    assert [row["file"] for row in rows] == ["a/b.png", "./=1+1.png", "c\\x0ad.png"]
    prints = [hashlib.sha256(Path(path).read_bytes()) for path in (PIKACHU, broken, EEVEE)]
    assert [row.pop("fingerprint") for row in rows] == [each.hexdigest() for each in prints]
    named = zip((row["file"] for row in rows), (PIKACHU, broken, EEVEE), strict=True)
    classifier = store.get("convmixer")
    found = catalog.rows(classifier, [(name, Path(path)) for name, path in named], 0.9)
    assert [catalog.Row(**row) for row in rows] == list(found)
    assert rows[1]["problem"].startswith("This is not an image")


def test_a_row_tells_of_the_part_that_counts_where_cards_are_looked_for(tab, upload, tmp_path):
    photo = tmp_path / "photo.png"
    card_scene().save(photo)
    finder = tab.observations.__dict__["finder"] = finder_of_scenes()
    whole, part = (
        tab.collect([upload(photo)], "convmixer", cards)["rows"][0] for cards in (False, True)
    )
    classifier = tab.store.get("convmixer")
    (row,) = catalog.rows(classifier, [("mine.png", photo)], 0.9, finder)
    part.pop("fingerprint")
    assert catalog.Row(**part) == row
    assert part["confidence"] != whole["confidence"]


@pytest.mark.parametrize("cards", [True, "yes", None])
def test_cards_that_cannot_be_looked_for_are_a_sentence(tab, upload, folder, cards):
    with pytest.raises(PokeclfError, match=r"\.$"):
        tab.collect([upload(PIKACHU)], "convmixer", cards)
    assert list(folder.iterdir()) == []


def test_the_browser_knows_whether_cards_can_be_looked_for(store, tmp_path):
    assert collection.rules(store)["cards"] is False
    (tmp_path / tradingcards.FILE).touch()  # a damaged one is told of when it is used
    assert collection.rules(ModelStore(tmp_path))["cards"] is True


@pytest.mark.parametrize("model", ["convmixer", "vit_scratch", "nonsense", "", None])
def test_uploads_go_whether_or_not_the_model_can_answer(tab, upload, folder, model):
    sent = [upload(PIKACHU), upload(EEVEE)]
    if model == "convmixer":
        assert len(tab.collect(sent, model)["rows"]) == 2
    else:
        with pytest.raises(PokeclfError):
            tab.collect(sent, model)
    assert list(folder.iterdir()) == []


def test_uploads_go_when_the_time_is_over(tab, upload, folder, monkeypatch):
    sent = [upload(PIKACHU)]
    time = iter((0, 100))
    monkeypatch.setattr(limits.time, "monotonic", lambda: next(time))
    with pytest.raises(TimeUpError):
        limited(tab.collect, 50)(sent, "convmixer")
    assert list(folder.iterdir()) == []


def test_what_is_no_upload_is_neither_read_nor_deleted(tab, folder, tmp_path_factory):
    mine = shutil.copy(PIKACHU, tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(PokeclfError, match="Only uploaded"):
        tab.collect([{"path": mine}], "convmixer")
    assert Path(mine).exists()


@pytest.mark.parametrize("count", [0, BATCH + 1])
def test_a_request_has_few_pictures(tab, upload, count):
    with pytest.raises(PokeclfError, match="1 to 8 pictures"):
        tab.collect([upload(PIKACHU) for _ in range(count)], "convmixer")
    with pytest.raises(PokeclfError, match="1 to 8 pictures"):
        tab.collect("all of them", "convmixer")


def test_the_least_confidence_is_looked_up_once(tab, upload, monkeypatch):
    asked = []
    monkeypatch.setattr(catalog, "least_confidence", lambda *_: asked.append(1) or 0.0)
    for _ in range(3):
        row = tab.collect([upload(PIKACHU)], "convmixer")["rows"][0]
        assert row["check"] == "no"
    assert len(asked) == 1


def test_collections_have_a_lane_of_their_own_and_no_listener_is_public(store):
    page = build(store, DRAWINGS, workers=1)
    listeners = {each.api_name: each for each in page.fns.values()}
    collect = listeners["collect"]
    assert (collect.concurrency_id, collect.concurrency_limit) == ("collections", 1)
    public = {name for name, each in listeners.items() if each.api_visibility != "private"}
    assert public == {"predict", "explain", "compare", "catalog", "models"}


def test_the_tab_has_an_address_with_its_model(tab, warnings):
    asked, unknown = read({"tab": "collection", "model": "convmixer"}, [], [])
    assert (asked, unknown) == (Address(COLLECTION, model="convmixer"), ())
    updates = tab.open(asked)
    assert set(updates) == set(tab.opened)
    assert updates[tab.model]["value"] == "convmixer"
    assert "?tab=collection&amp;model=convmixer" in updates[tab.address]
    assert "named 70.0" in updates[tab.summary]
    assert tab.open(Address(COLLECTION, model="vit_scratch"))[tab.model]["value"] == "vit_frozen"
    assert "not trained yet" in warnings[0]


def test_the_browser_knows_species_and_columns_from_here(store):
    rules = collection.rules(store)
    assert rules["columns"] == list(catalog.COLUMNS)
    assert len(rules["species"]) == 151
    assert rules["species"][24] == ["pikachu", 25, "Pikachu"]
    json.dumps(rules)


def _collect(served, *pictures):
    """What the real server answers to uploads, by where they lay on it."""
    files = [("files", (path.name, path.read_bytes())) for path in map(Path, pictures)]
    paths = httpx.post(f"{served}/gradio_api/upload", files=files).json()
    sent = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    call = f"{served}/gradio_api/call/collect"
    event = httpx.post(call, json={"data": [sent, "convmixer"]}).json()["event_id"]
    kind, data = httpx.get(f"{call}/{event}", timeout=60).text.strip().split("\n")[-2:]
    assert kind == "event: complete"
    return paths, json.loads(data.removeprefix("data: "))[0]["rows"]


def test_nothing_of_a_collection_stays_on_the_real_server(served):
    paths, rows = _collect(served, PIKACHU, EEVEE)
    assert [row["file"] for row in rows] == ["pikachu.png", "eevee.png"]
    assert all(row["species"] for row in rows)
    assert not any(Path(path).exists() for path in paths)
