"""Programs as users: the real client, and programs that send what no client would."""

from __future__ import annotations

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import jsonschema
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from pokeclf import hub, reading, schema, tradingcards
from pokeclf.__main__ import main
from pokeclf.dashboard import api
from pokeclf.dashboard.seen import Observations
from pokeclf.explain import explain
from pokeclf.explain.overlay import overlay
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import NONE_TRAINED
from tests.card_scene import card_scene
from tests.dashboard.conftest import EEVEE, PIKACHU
from tests.serving import serving

SCHEMA = json.loads(schema.FILE.read_text(encoding="utf-8"))
META = {"_type": "gradio.FileData"}
ONLY_UPLOADS = "Only uploaded pictures are read, no other files and no addresses."


@pytest.fixture(scope="module")
def client(served):
    return Client(served, verbose=False, analytics_enabled=False)


def _valid(answer, kind):
    jsonschema.validate(answer, SCHEMA)
    assert answer["kind"] == kind
    return answer


def test_the_endpoints_have_names_and_are_described(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/predict", "/explain", "/compare", "/catalog", "/models"}
    for endpoint in endpoints.values():
        assert endpoint["description"].endswith(".")
        assert "Parameters" not in endpoint["description"]
        assert all(each["type"] for each in endpoint["parameters"] + endpoint["returns"])


def test_predict_tells_what_the_command_line_prints(client, checkpoints, capsys):
    answer = _valid(client.predict(handle_file(PIKACHU), "convmixer", 3, api_name="/predict"),
                    "prediction")  # fmt: skip
    command = ["predict", PIKACHU, "--model=convmixer", "--top=3", "--json"]
    main([f"--checkpoints={checkpoints}", *command])
    line = json.loads(capsys.readouterr().out)
    assert answer == schema.answer("prediction", {**line, "image": "pikachu.png"})


def test_explain_gives_the_map_as_numbers_and_drawn(client, store):
    answer, picture = client.predict(
        handle_file(PIKACHU), "vit_frozen", "grad-cam", "Mr. Mime", "input of block 3 of 12",
        api_name="/explain",
    )  # fmt: skip
    _valid(answer, "explanation")
    seen = Observations(store).get(PIKACHU, "vit_frozen")
    options = api.Options(layer="input of block 3 of 12")
    found = explain(seen.classifier, seen.observation, "mr-mime", "grad-cam", options)
    assert (answer["species"], answer["method"], answer["layer"]) == (
        "mr-mime", "grad-cam", "input of block 3 of 12"
    )  # fmt: skip
    place = seen.observation.classes.index("mr-mime")
    assert answer["probability"] == pytest.approx(seen.observation.probabilities[place], abs=1e-4)
    parts = found.heatmap.reshape(16, 10, 16, 10).mean((1, 3))
    np.testing.assert_allclose(answer["map"], parts, atol=0.02)
    with Image.open(picture) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", found.heatmap.shape)


def test_explain_alone_is_about_the_likeliest_species(client):
    answer, _ = client.predict(handle_file(PIKACHU), "convmixer", api_name="/explain")
    best = client.predict(handle_file(PIKACHU), "convmixer", 1, api_name="/predict")["top"][0]
    assert _valid(answer, "explanation")["species"] == best["species"]
    assert answer["method"] == "grad-cam"
    assert answer["beats_random"] is None  # That was never examined of random weights.


def test_compare_names_those_that_cannot_answer_and_goes_on(client):
    models = ["convmixer", "resnet18_scratch", "vit_frozen", "convmixer"]
    answer = _valid(client.predict(handle_file(PIKACHU), models, api_name="/compare"),
                    "comparison")  # fmt: skip
    assert [each["model"] for each in answer["models"]] == ["convmixer", "vit_frozen"]
    assert "its hash does not fit" in answer["problems"]["resnet18_scratch"]
    first, second = (each["overlap"] for each in answer["models"])
    assert first["share"] == 1
    assert 0 <= second["share"] < 1
    chosen = client.predict(handle_file(PIKACHU), models[:1], "abra", api_name="/compare")
    assert _valid(chosen, "comparison")["species"] == "abra"


def test_catalog_tells_of_every_file_and_sums_up(client, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not an image")
    files = [PIKACHU, str(tmp_path / "broken.png"), EEVEE, PIKACHU]
    pictures = [handle_file(file) for file in files]
    answer = _valid(client.predict(pictures, "vit_frozen", api_name="/catalog"), "catalogue")
    assert [each["image"] for each in answer["pictures"]] == [Path(file).name for file in files]
    problems = [each["problem"] for each in answer["pictures"]]
    assert problems[1].startswith("This is not an image")
    assert problems[::2] == [None, None]
    best = [each["top"][0]["species"] for each in answer["pictures"] if each["top"]]
    assert answer["species"] == {name: best.count(name) for name in best}
    assert (answer["unread"], answer["to_check"]) == (1, 3)  # Random weights are never sure.
    assert answer["duplicates"] == 3 - len(set(best))
    assert len(answer["missing"]) == 151 - len(set(best))


@pytest.fixture(scope="module")
def finding(checkpoints, tmp_path_factory):
    """The real client of a server that finds cards, and its folder of checkpoints."""
    root = tmp_path_factory.mktemp("finding")
    shutil.copytree(checkpoints / "vit_frozen", root / "vit_frozen")
    shutil.copy(hub.BUNDLED / tradingcards.FILE, root)
    with serving(root, root) as server:
        yield Client(server.address, verbose=False, analytics_enabled=False), root


def test_programs_can_have_cards_looked_for(finding, tmp_path):
    client, root = finding
    photo, classifier = tmp_path / "photo.png", ModelStore(root).get("vit_frozen")
    card_scene().save(photo)
    found = reading.read(classifier, reading.views(decode(photo), reading.finder_in(root)))
    best, asked = found.observation.best, (handle_file(photo), "vit_frozen")
    answer = client.predict(*asked, cards=True, api_name="/predict")
    expected = schema.prediction("photo.png", found.observation, 5, found.part)
    assert found.part in tradingcards.PARTS
    assert _valid(answer, "prediction") == schema.answer("prediction", expected)
    without = client.predict(*asked, api_name="/predict")
    assert "part" not in _valid(without, "prediction")
    assert without["top"] != answer["top"]
    answer, drawn = client.predict(*asked, cards=True, api_name="/explain")
    assert _valid(answer, "explanation")["part"] == found.part
    assert answer["species"] == best.species
    heatmap = explain(classifier, found.observation, None).heatmap
    with Image.open(drawn) as picture:
        expected = np.asarray(overlay(found.observation.crop, heatmap), float)
        np.testing.assert_allclose(np.asarray(picture, float), expected, atol=3)
    pictures = [handle_file(photo), handle_file(PIKACHU)]
    answer = client.predict(pictures, "vit_frozen", cards=True, api_name="/catalog")
    first, second = _valid(answer, "catalogue")["pictures"]
    assert first["top"][0]["species"] == best.species
    plain = client.predict(pictures, "vit_frozen", api_name="/catalog")["pictures"]
    assert first["top"] != plain[0]["top"]
    assert second == plain[1]


def test_models_tells_which_can_answer(client):
    answer = _valid(client.predict(api_name="/models"), "models")
    states = {each["model"]: each["state"] for each in answer["models"]}
    assert len(states) == 15
    assert states["convmixer"] == "trained"
    assert states["basic_cnn"] == "damaged"
    assert states["vit_scratch"] == "not trained"


@pytest.mark.parametrize(
    ("endpoint", "arguments", "words"),
    [
        ("predict", ("nonsense",), "There is no model 'nonsense'; the models are"),
        ("predict", ("vit_scratch",), "Model vit_scratch is not trained yet"),
        ("predict", ("convmixer", 0), "top takes a number of guesses of at least 1."),
        ("predict", ("convmixer", "many"), "top takes a number of guesses of at least 1."),
        ("explain", ("convmixer", "<rollout>"), "Model convmixer has no method '<rollout>'; it"),
        ("explain", ("convmixer", None, "agumon"), "There is no species 'agumon':"),
        ("explain", ("convmixer", "cam", None, "last"), "Method cam takes no layer."),
        ("explain", ("convmixer", None, None, "last"), "There is no layer 'last'; there are"),
        ("compare", ([],), "models takes a list of at least one model's id."),
        ("compare", ("convmixer",), "models takes a list of at least one model's id."),
        ("compare", (["resnet18_scratch"],), "None of these models can answer."),
        ("predict", ("convmixer", 5, "no"), "cards takes true or false."),
        ("predict", ("convmixer", 5, None), "cards takes true or false."),
        ("predict", ("convmixer", 5, True), NONE_TRAINED),
        ("explain", ("convmixer", None, None, None, True), NONE_TRAINED),
        ("catalog", ("convmixer",), "pictures takes a list of 1 to 200 pictures."),
    ],
)
def test_a_mistake_is_one_sentence(client, endpoint, arguments, words):
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(PIKACHU), *arguments, api_name=f"/{endpoint}")
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_collection_has_a_bound(client, monkeypatch):
    pictures = [handle_file(PIKACHU)] * (api.MOST_PICTURES + 1)
    with pytest.raises(AppError, match="a list of 1 to 200 pictures"):
        client.predict(pictures, "convmixer", api_name="/catalog")


def _told(served, endpoint, *data):
    """The sentence by which an endpoint refuses what a program sends past Gradio's client."""
    call = f"{served}/gradio_api/call/{endpoint}"
    number = httpx.post(call, json={"data": data}).json()["event_id"]
    answer = httpx.get(f"{call}/{number}", timeout=60).text
    event, _, told = answer.partition("\ndata: ")
    assert event == "event: error", answer
    return json.loads(told)["error"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A picture on the server's disk that nobody uploaded."""
    file = tmp_path_factory.mktemp("private") / "picture.png"
    file.write_bytes(Path(PIKACHU).read_bytes())
    return str(file)


@pytest.mark.parametrize("extra", [{}, {"meta": META}, {"meta": META, "is_stream": True}])
def test_no_path_of_a_callers_choosing_is_read(served, elsewhere, extra):
    up = "../" * 20
    for path in (elsewhere, f"/tmp/gradio/{up}{elsewhere[1:]}", "app.py", "a\0b", "x" * 5000):
        file = {"path": path, **extra}
        assert _told(served, "predict", file, "convmixer", 1) == ONLY_UPLOADS
        assert _told(served, "catalog", [file], "convmixer") == ONLY_UPLOADS


@pytest.mark.parametrize("file", [PIKACHU, None, 7, [PIKACHU], {"url": PIKACHU}, {"path": 7}])
def test_what_is_no_file_is_refused(served, file):
    refusal = "Give a picture that was uploaded."
    assert _told(served, "predict", file, "convmixer", 1) == refusal
    assert _told(served, "catalog", [file], "convmixer") == refusal


def test_missing_inputs_are_a_sentence(served):
    assert _told(served, "predict") == "This takes at least 2 inputs, not 0."


@pytest.fixture
def trap():
    """A server on this computer, and whoever asked it for anything."""
    visitors = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            visitors.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", visitors
    server.shutdown()
    server.server_close()


def test_no_address_is_fetched(served, trap):
    address, visitors = trap
    for meta in ({}, {"meta": META}):
        file = {"path": f"{address}/picture.png", **meta}
        assert _told(served, "predict", file, "convmixer", 1) == ONLY_UPLOADS
    assert visitors == []
    httpx.get(address)
    assert visitors == ["/"]


def test_the_address_of_an_upload_is_that_upload(served, client):
    with Path(PIKACHU).open("rb") as file:
        [path] = httpx.post(f"{served}/gradio_api/upload", files={"files": file}).json()
    number = httpx.post(
        f"{served}/gradio_api/call/predict",
        json={"data": [{"path": f"{served}/gradio_api/file={path}"}, "convmixer", 5]},
    ).json()["event_id"]
    told = httpx.get(f"{served}/gradio_api/call/predict/{number}", timeout=60).text
    answer = json.loads(told.partition("\ndata: ")[2])[0]
    assert answer == client.predict(handle_file(PIKACHU), "convmixer", api_name="/predict")
