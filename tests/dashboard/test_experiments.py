"""The Experiments tab on the bundled results."""

from __future__ import annotations

import shutil

import gradio as gr
import pytest

from pokeclf import confusions, exhibits, hub, latency
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import CONFUSION, EXPERIMENTS, GALLERY, VIEWS, Address
from pokeclf.dashboard.chart import Chart
from pokeclf.dashboard.confusions import Mistakes, TwoModels
from pokeclf.dashboard.experiments import Experiments
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.subtabs import FURTHER, Calibration, Leaderboard, Training, Trees
from pokeclf.drawings import FOLDER
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.modelstore import ModelStore
from pokeclf.pictures import Pictures
from pokeclf.split import SPLIT_FILE


@pytest.fixture(scope="module")
def library():
    return Library(hub.BUNDLED)


@pytest.fixture(scope="module")
def experiments(library):
    with gr.Blocks():
        return _experiments(library)


def _experiments(library):
    observations = Observations(ModelStore(library.root))
    return Experiments(library, Pictures(library.root), observations, FOLDER, workers=1)


def part(experiments, kind):
    (found,) = [each for each in experiments.parts if isinstance(each, kind)]
    return found


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A folder of two models alone, to be damaged."""
    root = tmp_path_factory.mktemp("few")
    for name in ("convmixer", "resnet18_frozen"):
        shutil.copytree(hub.BUNDLED / name, root / name)
    shutil.copy(hub.BUNDLED / SPLIT_FILE, root)
    return root


def filled(experiments, kind, **asked):
    """What a part shows when it is first looked at, as an address asks for it."""
    own = part(experiments, kind)
    return own.refresh(None, Address(EXPERIMENTS, own.view_id, **asked))


@pytest.mark.parametrize("kind", [Leaderboard, *FURTHER])
def test_everything_is_filled_from_stored_results(experiments, library, kind):
    updates = filled(experiments, kind)
    own = part(experiments, kind)
    assert set(updates) == set(own.outputs)
    assert list(own.refresh(library.written())) == [own.drawn]
    charts = [member for member in vars(own).values() if isinstance(member, Chart)]
    assert charts
    for chart in charts:
        assert updates[chart.plot]["value"].layout.title.text
        assert "<table" in updates[chart.numbers]
        assert f'id="{chart.name}-words"' in updates[chart.numbers]


def test_the_leaderboard_has_the_best_model_first(experiments, library):
    rows = filled(experiments, Leaderboard)[experiments.leaderboard.table]
    assert len(rows) == len(library.shelf().tuned)
    best = filled(experiments, TwoModels)[part(experiments, TwoModels).first]["choices"][0][0]
    assert rows[0][0] == best


def test_a_model_beside_itself_has_no_images_to_see(experiments):
    pair = part(experiments, TwoModels)
    for second, different in (("vit_frozen", True), ("convmixer", False)):
        updates = pair.show("convmixer", second, "most")
        assert updates[pair.only_first]["interactive"] is different
        assert updates[pair.only_second]["interactive"] is different


def test_a_leaderboard_on_the_page_is_brought_up_to_date(experiments, library):
    # One that was never looked at draws itself, or both would do it at once.
    assert experiments.refresh() == {experiments.problem: ""}
    unchanged = experiments.refresh(library.written())
    assert list(unchanged) == [experiments.problem, experiments.leaderboard.drawn]
    assert set(experiments.refresh((1, 2))) == set(experiments.outputs)


def test_an_address_chooses_a_part_and_its_models(experiments):
    assert {each.view_id for each in experiments.parts} == set(VIEWS)
    assert experiments.open() == {}
    asked = Address(EXPERIMENTS, "two-models", first="convmixer", second="vit_frozen")
    opened = experiments.open(asked)
    assert opened[experiments.tabs]["selected"] == "two-models"
    pair = part(experiments, TwoModels)
    updates = pair.refresh(None, opened[experiments.asked])
    assert [updates[menu]["value"] for menu in pair.models] == ["convmixer", "vit_frozen"]
    assert "ConvMixer" in updates[pair.verdict]
    assert pair.link("convmixer", "vit_frozen") == asked.link
    for kind in (Mistakes, Calibration, Trees):
        one = part(experiments, kind)
        asked = Address(EXPERIMENTS, one.view_id, model="extra_trees_exp2")
        usual, chosen = filled(experiments, kind), one.refresh(None, asked)
        assert usual[one.model]["value"] != chosen[one.model]["value"] == "extra_trees_exp2"
        assert usual[one.words] != chosen[one.words]
        assert one.link("extra_trees_exp2") == asked.link
        assert one.refresh(None, opened[experiments.asked])[one.model] == usual[one.model]


def test_an_address_stays_until_its_part_is_drawn(experiments):
    asked = Address(EXPERIMENTS, "mistakes", model="basic_cnn", extent="families")
    opened = experiments.open(asked)
    assert opened[experiments.links["mistakes"]] == asked.link
    assert set(opened) <= set(experiments.opened)


def test_an_address_chooses_the_runs_that_are_drawn(experiments):
    runs = ("basic_cnn-tuned", "convmixer-tuned")
    training = part(experiments, Training)
    chosen = filled(experiments, Training, runs=runs)[training.runs]["value"]
    assert chosen == ["Basic CNN, our recipe", "ConvMixer, our recipe"]
    assert training.link(chosen) == Address(EXPERIMENTS, "training", runs=runs).link


def test_an_address_chooses_what_is_drawn(experiments):
    training = part(experiments, Training)
    updates = filled(experiments, Training, runs=("convmixer-tuned",), quantity="loss")
    assert updates[training.quantity] == "loss"
    assert "nats" in updates[training.curves.plot]["value"].layout.yaxis.title.text
    for kind in (Mistakes, TwoModels):
        own = part(experiments, kind)
        updates = filled(experiments, kind, extent="families")
        usual = filled(experiments, kind)
        chosen = updates[own.extent]
        assert (chosen["value"] if kind is TwoModels else chosen) == "families"
        assert updates[own.confusions.numbers] != usual[own.confusions.numbers]


def _squares(updates, own):
    figure = updates[own.confusions.plot]["value"]
    return [square for trace in figure.data for square in trace.ids or ()]


@pytest.mark.parametrize("extent", confusions.EXTENTS)
def test_every_square_opens_its_images(experiments, extent):
    pair, gallery = part(experiments, TwoModels), experiments.gallery
    models = ("convmixer", "basic_cnn")
    squares = _squares(pair.draw(*models, extent), pair)
    assert {each.split("/")[0] for each in squares} == set(models)
    for square in squares[:: len(squares) // 10]:
        model, right, guessed = square.split("/")
        event = gr.EventData(None, {"place": square})
        updates = experiments.open_square(*models, event)
        assert set(updates) == {experiments.tabs, *gallery.outputs}
        assert updates[experiments.tabs]["selected"] == GALLERY
        assert updates[gallery.model]["value"] == model
        assert {model, updates[gallery.second]["value"]} == set(models)
        assert updates[gallery.which] == CONFUSION
        assert updates[gallery.choice]["value"] == f"{right}/{guessed}"
    alone = part(experiments, Mistakes)
    square = _squares(alone.draw("convmixer", extent), alone)[0]
    event = gr.EventData(None, {"place": square})
    updates = experiments.open_square("convmixer", "convmixer", event)
    assert updates[gallery.second]["value"] != updates[gallery.model]["value"] == "convmixer"


def test_what_only_one_of_two_gets_right_opens_in_the_gallery(experiments):
    gallery = experiments.gallery
    updates = experiments.open_only_right("convmixer", "vit_frozen")
    assert updates[experiments.tabs]["selected"] == gallery.view_id
    assert updates[gallery.stands] == ("convmixer", "only-first", None, "vit_frozen")
    with pytest.raises(PokeclfError, match="two different"):
        experiments.open_only_right("convmixer", "convmixer")


@pytest.mark.parametrize(
    "place",
    [None, 3, "", "convmixer/onix", "convmixer/onix/../x", "x/onix/abra", "../x/onix/abra", ["a"]],
)
def test_a_made_up_square_is_refused(experiments, place):
    event = gr.EventData(None, {"place": place})
    with pytest.raises(PokeclfError):
        experiments.open_square("convmixer", "convmixer", event)


def test_what_an_address_names_without_results_is_left_out_and_told(experiments, warnings):
    for kind, asked, told in (
        (Trees, {"model": "convmixer"}, "nothing of ConvMixer to show"),
        (Training, {"runs": ("vit_scratch-study",)}, "without result"),
    ):
        menu = part(experiments, kind).menus[0]
        usual = filled(experiments, kind)[menu]
        assert not warnings
        assert filled(experiments, kind, **asked)[menu] == usual
        (said,) = warnings
        assert told in said
        warnings.clear()


def test_the_leaderboard_is_sorted_by_what_a_person_chooses(experiments):
    board = part(experiments, Leaderboard)
    asked = Address(EXPERIMENTS, "leaderboard", sort="bytes")
    found = filled(experiments, Leaderboard, sort="bytes")
    assert (found[board.sort], found[board.table]) == ("bytes", board.sorted("bytes"))
    sizes = [row[list(exhibits.COLUMNS).index("bytes")] for row in found[board.table]]
    assert sizes == sorted(sizes)
    assert board.link("bytes") == asked.link
    assert board.sorted("nonsense") == board.sorted("accuracy") != found[board.table]


def test_results_are_read_once_until_a_checkpoint_changes(few):
    library = Library(few)
    shelf = library.shelf()
    assert library.shelf() is shelf
    with gr.Blocks():
        experiments = _experiments(library)
    first = filled(experiments, Leaderboard)
    drawn = first[experiments.leaderboard.drawn]
    assert first[experiments.leaderboard.time.plot] == gr.update(visible=False)
    trees = part(experiments, Trees)
    assert filled(experiments, Trees)[trees.importances.plot] == gr.update(visible=False)
    again = experiments.refresh(drawn)
    assert list(again) == [experiments.problem, experiments.leaderboard.drawn]
    # Damaged times are told and leave the column empty.
    (few / latency.FILE).write_text("nonsense\n1\n")
    updates = experiments.refresh(drawn)
    assert "<p>latency.csv is damaged" in updates[experiments.problem]  # and no folder's name
    column = list(exhibits.COLUMNS).index("latency")
    assert [row[column] for row in updates[part(experiments, Leaderboard).table]] == [None, None]
    # One damaged checkpoint is told and leaves the others alone.
    (few / "convmixer" / "card.json").write_text("{")
    assert list(library.shelf().tuned) == ["resnet18_frozen"]
    updates = experiments.refresh(drawn)
    assert "The card of checkpoint convmixer cannot be read" in updates[experiments.problem]
    assert len(updates[part(experiments, Leaderboard).table]) == 1


def test_without_results_there_is_a_sentence(tmp_path):
    with gr.Blocks():
        empty = _experiments(Library(tmp_path))
    assert list(empty.refresh()) == [empty.problem]


@pytest.mark.parametrize("model", [None, "vit_scratch-9", "nonsense"])
def test_a_choice_that_is_not_there_is_a_notice(experiments, warnings, model):
    handlers = [
        lambda: part(experiments, Mistakes).show(model, "all"),
        lambda: part(experiments, Calibration).show(model),
        lambda: part(experiments, Trees).show(model),
        lambda: part(experiments, TwoModels).show("convmixer", model, "all"),
    ]
    for handler in handlers:
        assert len(notices.guarded(handler, 2)()) == 2
    assert warnings == ["Choose a model that is trained."] * 4


def test_another_extent_draws_another_map(experiments):
    mistakes, pair = part(experiments, Mistakes), part(experiments, TwoModels)
    sizes = []
    for extent in (*confusions.EXTENTS, "nonsense"):
        figure = mistakes.draw("convmixer", extent)[mistakes.confusions.plot]["value"]
        sizes.append(len(figure.layout.xaxis.categoryarray))
        other = pair.draw("convmixer", "basic_cnn", extent)[pair.confusions.plot]["value"]
        assert other.data
    assert sizes == [confusions.CONFUSED, sizes[1], 151, confusions.CONFUSED]
    assert confusions.CONFUSED < sizes[1] < 151


def test_curves_are_those_of_the_chosen_runs(experiments):
    training = part(experiments, Training)
    figure = training.draw(["ConvMixer, our recipe", "nonsense"], "loss")[training.curves.plot]
    assert [trace.name for trace in figure["value"].data] == [
        "ConvMixer, our recipe, validation", "ConvMixer, our recipe, training"
    ]  # fmt: skip
    assert "nats" in figure["value"].layout.yaxis.title.text
    nothing = training.draw(None, "accuracy")
    assert "No run is chosen" in nothing[training.curves.numbers]
    assert not nothing[training.curves.plot]["visible"]
    assert not nothing[training.reading]["visible"]
    assert training.draw(["ConvMixer, our recipe"], "loss")[training.reading]["visible"]
