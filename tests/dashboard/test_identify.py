"""The Identify tab without a browser: wording, handlers, and inputs that do not decode."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from gradio.data_classes import ImageData
from PIL import Image

from pokeclf import study
from pokeclf.classifier import Guess
from pokeclf.dashboard import notices, uploads, wording
from pokeclf.dashboard.answer import answer
from pokeclf.dashboard.identify import INVITATION
from pokeclf.dashboard.picker import best, choices
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS
from pokeclf.explain.overlay import Paint
from pokeclf.imaging import Preprocessing
from pokeclf.modelstore import ModelStore
from tests.bad_images import REFUSED, TEN, bad_images
from tests.dashboard.conftest import EEVEE, PIKACHU, plain


class TestWording:
    def test_sizes_and_times_are_short(self):
        assert plain(wording.megabytes(2_840_000)) == "2.8 MB"
        assert plain(wording.megabytes(45_300_000)) == "45 MB"
        assert plain(wording.millions(700_000)) == "0.70 M"
        assert plain(wording.millions(129_000_000)) == "129 M"
        assert plain(wording.milliseconds(0.0284)) == "28 ms"
        assert plain(wording.milliseconds(1.44)) == "1.4 s"

    def test_the_figures_of_guesses_stand_in_a_column(self):
        labels = [wording.guess_label(Guess("mr-mime", share)) for share in (0.9999, 0.0734, 0)]
        assert len({label.index("Mr. Mime") for label in labels}) == 1

    def test_confidence_falls_with_the_probability(self):
        words = [wording.confidence(share) for share in (0.95, 0.7, 0.4, 0.1)]
        assert len(set(words)) == 4
        assert words[-1].startswith("Not sure")

    @pytest.mark.parametrize(
        ("rule", "size", "words"),
        [
            ("squash", (300, 300), "160 × 160 pixels"),
            ("squash", (300, 200), "160 × 160 pixels, stretched to a square"),
            ("pad", (300, 200), "160 × 160 pixels, filled up with white to a square"),
        ],
    )
    def test_says_how_the_picture_became_square(self, rule, size, words):
        preprocessing = Preprocessing(160, rule, (0, 0, 0), (1, 1, 1))
        assert wording.seen_line(preprocessing, size) == words


class TestModels:
    def test_the_table_lists_all_and_says_plainly_what_is_missing(self, store):
        table = wording.model_table(store.statuses())
        assert all(f">{model.name}<" in table for model in study.STUDY)
        assert "Model vit_scratch is not trained yet: it has no checkpoint." in table
        assert "The card of checkpoint basic_cnn cannot be read." in table

    def test_the_picker_offers_only_models_with_a_card_in_the_study_order(self, store):
        offered = choices(store.statuses())
        assert [model for _, model in offered] == ["convmixer", "resnet18_scratch", "vit_frozen"]
        assert plain(offered[0][0]) == "70.0 % — ConvMixer — 2.9 MB — scratch"

    def test_the_best_model_is_the_default(self, store, tmp_path):
        assert best(store.statuses()) == "vit_frozen"
        assert best(ModelStore(tmp_path).statuses()) is None

    def test_opening_the_page_shows_models_trained_since(self, identify):
        updates = identify.open()
        assert updates[identify.model]["value"] == "vit_frozen"


class TestAnswer:
    def test_explains_the_best_guess_unless_another_guess_is_chosen(self, store):
        first = answer(Observations(store), PIKACHU, "convmixer")
        assert len(first.guesses) == 5
        assert first.explanation.species == first.guesses[0].species
        third = answer(Observations(store), PIKACHU, "convmixer", species=first.guesses[2].species)
        assert third.explanation.species == first.guesses[2].species
        assert third.probability == pytest.approx(first.guesses[2].probability)

    def test_falls_back_to_the_best_guess_and_the_default_method(self, store):
        found = answer(
            Observations(store), PIKACHU, "convmixer", species="missingno", method="rollout"
        )
        assert found.explanation.species == found.guesses[0].species
        assert found.method is METHODS["grad-cam"]

    @pytest.mark.parametrize("model", ["vit_scratch", "resnet18_scratch", None])
    def test_a_model_that_cannot_answer_is_refused_in_a_sentence(self, store, model):
        with pytest.raises(PokeclfError, match=r"\.$"):
            answer(Observations(store), PIKACHU, model)


class TestLook:
    def test_a_picture_is_answered_and_explained(self, look):
        updates = look()
        shown = updates["shown"]
        assert updates["panel"]["visible"]
        assert len(updates["guesses"]["choices"]) == 5
        assert updates["guesses"]["value"] == shown.explanation.species
        assert isinstance(updates["map"]["value"], Image.Image)
        assert updates["map"]["value"].size == updates["seen"]["value"].size == (160, 160)
        assert "95 % interval" in plain(updates["details"])

    def test_choosing_a_species_explains_that_one(self, look):
        first = look()
        shown = first["shown"]
        other = shown.guesses[3].species
        updates = look(species=other, method="grad-cam", shown=shown)
        assert updates["guesses"]["value"] == other
        assert updates["map"]["value"] != first["map"]["value"]

    def test_settings_are_shown_where_the_method_reads_them(self, look):
        shown = look()["shown"]
        settings = ("stage 2 of 8", None, "mean", "all", 0)
        updates = look(method="layer-cam", settings=settings, shown=shown)
        assert updates["shown"].explanation.layer == "stage 2 of 8"
        assert updates["layer"]["visible"]
        assert updates["layer"]["value"] == "stage 2 of 8"
        assert [value for _, value in updates["layer"]["choices"]][-1] == "stage 8 of 8"
        assert not updates["against"]["visible"]
        assert not updates["head"]["visible"]
        assert not look(method="occlusion", shown=shown)["drawer"]["visible"]

    def test_a_compared_species_can_be_chosen_and_is_forgotten_with_the_picture(self, look):
        first = look()["shown"]
        species = first.explanation.species
        shown = look(method="finer-cam", species=species, shown=first)["shown"]
        assert shown.explanation.against == shown.guesses[1].species
        other = shown.guesses[4].species
        settings = (shown.explanation.layer, other, "mean", "all", 0)
        question = {"method": "finer-cam", "species": species, "settings": settings}
        again = look(**question, shown=shown)["shown"]
        assert again.explanation.against == other
        next_one = look(EEVEE, **question, shown=again)["shown"]
        assert next_one.explanation.against == next_one.guesses[1].species

    def test_attention_heads_can_be_chosen(self, look):
        shown = look(model="vit_frozen")["shown"]
        settings = ("block 3 of 12", None, "mean", "2", 0)
        question = {"model": "vit_frozen", "method": "attention", "settings": settings}
        updates = look(**question, shown=shown)
        assert updates["shown"].options.head == 2
        assert len(updates["head"]["choices"]) == 4
        assert updates["shown"].explanation.layer == "block 3 of 12"

    def test_settings_left_over_from_another_model_do_no_harm(self, look):
        settings = ("block 3 of 12", None, "mean", "2", 0)
        shown = look(model="convmixer", settings=settings)["shown"]
        assert shown.explanation.layer == "stage 8 of 8"
        assert shown.options.head is None

    def test_only_the_colours_change_with_their_strength(self, look, store, monkeypatch):
        shown = look()["shown"]
        monkeypatch.setattr(store, "get", lambda _: pytest.fail("the model was used again"))
        question = {"species": shown.explanation.species, "method": "grad-cam"}
        updates = look(**question, shown=shown, strength=20, threshold=50)
        assert set(updates) == {"map", "shown", "links", "address"}
        assert "strength=20&amp;threshold=50" in updates["address"]
        assert updates["shown"].paint == Paint(0.2, 0.5)

    def test_nothing_is_sent_again_when_nothing_changed(self, look):
        """Gradio keeps a picture by its content: writing it again would disturb who reads it."""
        shown = look()["shown"]
        updates = look(species=shown.explanation.species, method="grad-cam", shown=shown)
        assert updates == {}

    def test_a_new_picture_is_explained_for_its_own_best_guess(self, look):
        shown = look()["shown"]
        updates = look(path=EEVEE, species=shown.guesses[4].species, shown=shown)
        assert updates["guesses"]["value"] == updates["shown"].guesses[0].species

    def test_a_new_model_begins_with_its_own_method(self, look):
        shown = look(method="occlusion")["shown"]
        assert shown.method.id == "grad-cam"  # Without an answer on the page there is no choice.
        updates = look(model="vit_frozen", method="grad-cam", shown=shown)
        assert updates["method"]["value"] == "class-attention"

    def test_a_chosen_method_stays_for_the_next_picture(self, look):
        shown = look()["shown"]
        updates = look(path=EEVEE, method="occlusion", shown=shown)
        assert updates["method"]["value"] == "occlusion"

    def test_without_a_picture_only_the_model_is_described(self, look):
        assert set(look(path=None)) == {"summary", "address"}

    def test_removing_the_picture_brings_back_the_invitation(self, identify):
        latest = Latest()
        updates = identify.clear("convmixer", latest)
        assert latest.number == 1  # whatever is still drawn gives up
        assert updates[identify.verdict] == INVITATION
        assert updates[identify.shown] is None


class TestChoosing:
    def test_a_chosen_species_gets_a_map_of_its_own(self, look):
        """Attention rollout is the same for every species, so another method takes over."""
        first = look(model="vit_frozen")["shown"]
        assert first.method is METHODS["class-attention"]
        best = first.explanation.species
        shown = look(model="vit_frozen", species=best, method="rollout", shown=first)["shown"]
        assert shown.method is METHODS["rollout"]
        third = first.guesses[2].species
        found = look(model="vit_frozen", species=third, method="rollout", shown=shown)["shown"]
        assert found.explanation.species == third
        assert found.method is METHODS["class-attention"]
        updates = look(model="vit_frozen", species=third, method="rollout", shown=found)
        assert updates["shown"].method is METHODS["rollout"]  # asked for by name
        assert "same for every species" in updates["reading"]


class TestNotices:
    def test_a_bad_picture_is_a_notice_and_loses_nothing(self, look, warnings, tmp_path):
        bad = tmp_path / "text.png"
        bad.write_text("no picture")
        shown = look()["shown"]
        updates = look(path=str(bad), shown=shown)
        assert (updates["picture"], updates["model"]) == (PIKACHU, "convmixer")
        assert updates["guesses"] == shown.explanation.species
        assert updates["method"] == "grad-cam"
        assert "map" not in updates
        assert look(path=str(bad)) == {"picture": None}
        assert len(warnings) == 2
        assert warnings[0].startswith("This is not an image in one of the accepted formats")

    @pytest.mark.parametrize("kind", TEN)
    def test_odd_files_get_an_answer_or_one_sentence(self, look, warnings, tmp_path, kind):
        data, expectation = bad_images()[kind]
        (tmp_path / "upload.png").write_bytes(data)
        updates = look(path=str(tmp_path / "upload.png"))
        if expectation == REFUSED:
            assert updates == {"picture": None}
            assert len(warnings) == 1
            assert warnings[0].endswith(".")
        else:
            assert updates["panel"]["visible"]
            assert warnings == []

    def test_a_damaged_model_is_a_notice_and_the_picture_stays(self, look, warnings):
        assert look(model="resnet18_scratch") == {"shown": None}
        assert "is damaged or was changed" in warnings[0]

    def test_a_picture_deleted_from_the_server_is_a_notice(self, look, warnings, tmp_path):
        assert look(path=str(tmp_path / "gone.png")) == {"picture": None}
        assert warnings == ["The picture is no longer on the server; please choose it again."]

    def test_a_defect_is_logged_and_not_shown(self, look, store, warnings, monkeypatch, caplog):
        def broken(_):
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(store, "get", broken)
        look()
        assert warnings == [notices.GENERIC]
        assert "ZeroDivisionError: secret" in caplog.text

    def test_a_sentence_is_no_markup(self):
        assert notices.sentence(PokeclfError("<b>")) == "&lt;b&gt;"


class TestInputs:
    def test_the_uploaded_file_is_handed_over_unopened(self, identify, tmp_path, monkeypatch):
        monkeypatch.setenv(uploads.VARIABLE, str(tmp_path))
        file = tmp_path / "postscript.png"
        file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
        assert identify.picture.preprocess(ImageData(path=str(file))) == str(file)
        assert identify.picture.preprocess(None) is None
        assert identify.picture.get_block_name() == "image"

    @pytest.mark.parametrize(("typed", "used"), [(None, 5), (0, 1), (7, 7), (99, 10)])
    def test_any_typed_number_becomes_one_within_bounds(self, identify, typed, used):
        assert identify.count.preprocess(typed) == used

    def test_no_stub_file_is_written_beside_the_classes(self):
        module = importlib.import_module("pokeclf.dashboard.inputs")
        assert not Path(module.__file__).with_suffix(".pyi").exists()
