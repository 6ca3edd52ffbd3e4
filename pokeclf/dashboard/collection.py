"""The Collection tab: many pictures as rows, which the person's own browser keeps.

The browser (``collection*.js``) keeps the rows, counts them and sends new pictures in small
batches; here their species are named, and nothing stays. Annotations are not postponed, see
:mod:`pokeclf.dashboard.api`.
"""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from pokeclf import catalog, dataset, tradingcards
from pokeclf.classifier import Classifier
from pokeclf.dashboard import limits, notices, picker, uploads
from pokeclf.dashboard.address import COLLECTION, Address
from pokeclf.dashboard.answer import NONE_TRAINED
from pokeclf.dashboard.inputs import Menu
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.imaging import MAX_BYTES
from pokeclf.modelstore import ModelStore
from pokeclf.species import BY_SLUG, of
from pokeclf.study import STUDY

HERE = Path(__file__).parent
BATCH = 8
"""Pictures in a request: between two requests it is another visitor's turn."""
MOST_ROWS = 20_000
"""In a browser; a larger collection is for the command line."""
SCRIPTS = ("collectionstore.js", "collectionfiles.js", "collectionrows.js", "collection.js")
"""What runs in the browser, in the order in which each needs the ones before it."""


class Collection:
    """Components of the tab, and the endpoint that its page calls."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        self.store = store = observations.store
        self._sure_from: dict[tuple[str, str], float] = {}
        statuses = store.statuses()
        with gr.Row(elem_classes="identify"):
            with gr.Column(scale=3, min_width=300):
                self.model = Menu(
                    picker.choices(statuses), value=picker.best(statuses), label="Model",
                    filterable=False, interactive=True, elem_id="collection-model",
                )  # fmt: skip
                self.summary = gr.HTML(
                    picker.summary(store, picker.best(statuses)), elem_classes="model-summary"
                )
                self.address = gr.HTML(
                    link_to(picker.best(statuses)), padding=False, elem_id="collection-address"
                )
            with gr.Column(scale=7, min_width=300):
                self.desk = gr.HTML(
                    (HERE / "collection.html").read_text(encoding="utf-8"),
                    js_on_load=script(),
                    rules=rules(store),
                    elem_id="collection",
                )
        self.model.change(
            notices.guarded(self.choose, 2), self.model, [self.summary, self.address],
            show_progress="hidden", trigger_mode="always_last", api_visibility="private",
        )  # fmt: skip
        gr.api(
            notices.for_programs(self.collect), api_name="collect", api_visibility="private",
            **limits.COLLECTIONS,
        )  # fmt: skip

    @property
    def opened(self) -> list[gr.components.Component]:
        """Everything that :meth:`open` changes."""
        return [self.model, self.summary, self.address]

    def open(self, asked: Address = Address()) -> Updates:  # noqa: B008 - frozen
        """A page is opened, perhaps with a model; new models appear."""
        model = picker.able(self.store, asked.model)
        summary, address = self.choose(model)
        choices = picker.choices(self.store.statuses())
        return {
            self.model: gr.update(choices=choices, value=model),
            self.summary: summary,
            self.address: address,
        }

    def choose(self, model: str | None) -> tuple[str, str]:
        """A model's line, and the address with it, from which the browser knows the model."""
        return picker.summary(self.store, model), link_to(model)

    def collect(
        self, pictures: list[gr.FileData], model: str, cards: bool = False
    ) -> dict[str, Any]:
        """Name the species in a few uploads, which are deleted.

        Parameters:
            pictures: At most 8 uploads.
            model: Id of a model.
            cards: Whether to look for trading cards.
        """
        if not isinstance(pictures, list) or not 0 < len(pictures) <= BATCH:
            raise PokeclfError(f"pictures takes a list of 1 to {BATCH} pictures.")
        files = [(name, Path(path)) for name, path in map(uploads.named, pictures)]
        try:
            return {"rows": self._rows(files, model, cards)}
        finally:
            for _, path in files:
                uploads.discard(str(path))

    def _rows(self, files: list[tuple[str, Path]], model: str, cards: bool) -> list[dict[str, str]]:
        """Of each file the row of a table, and by which the browser knows it: its SHA-256."""
        limits.check()
        if not model:
            raise PokeclfError(NONE_TRAINED)
        classifier, finder = self.store.get(str(model)), self.observations.finder_if(cards)
        named = ((catalog.written(name), path) for name, path in files)
        rows = catalog.rows(classifier, named, self._least_confidence(classifier), finder)
        return [
            {**asdict(row), "fingerprint": _fingerprint(path)}
            for row, (_, path) in zip(rows, files, strict=True)
        ]

    def _least_confidence(self, classifier: Classifier) -> float:
        card = classifier.card
        known = self._sure_from
        weights = (card.model, card.weights_sha256)
        if weights not in known:
            known[weights] = catalog.least_confidence(self.store.root, card)
        return known[weights]


def link_to(model: str | None) -> str:
    """A link to the tab with a model, as HTML."""
    return Address(COLLECTION, model=model).link


def script() -> str:
    """What runs in the browser once the tab is there."""
    parts = "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f"(async () => {{\n{parts}\n}})();"


def rules(store: ModelStore) -> dict[str, Any]:
    """What the browser has to know of species, models, tables and files."""
    slugs = picker.species(store.statuses()) or frozenset(BY_SLUG)
    found = sorted(map(of, slugs), key=lambda species: (species.number, species.slug))
    return {
        "columns": list(catalog.COLUMNS),
        "formula": list(catalog.FORMULA),
        "species": [[species.slug, species.number, species.name] for species in found],
        "models": {model.id: model.name for model in STUDY},
        "suffixes": sorted(dataset.SUFFIXES),
        "bytes": MAX_BYTES,
        "batch": BATCH,
        "rows": MOST_ROWS,
        "cards": (store.root / tradingcards.FILE).is_file(),
    }


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
