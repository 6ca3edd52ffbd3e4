"""What programs may call: the same answers as on the page, as :mod:`pokeclf.schema` forms them.

Gradio tells programs the docstrings and types of the endpoints. Hence the form of the docstrings,
and annotations that are not postponed: Gradio would take them for texts.
"""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder

from pokeclf import catalog, schema, species
from pokeclf.dashboard import limits, notices, uploads, waiting
from pokeclf.dashboard.answer import examined
from pokeclf.dashboard.comparison import SIDE, answers, seen_by_most
from pokeclf.dashboard.seen import Observations, Seen
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS, Explanation, Method, Options, explain, method_of
from pokeclf.explain.compare import overlap, shared_scale
from pokeclf.explain.overlay import overlay

MOST_PICTURES = 200
"""In one call of ``catalog``; a larger collection takes several."""

EXPLAIN_SLOWLY = "explain_slowly"


class Api:
    """Endpoints without a place on the page."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations

    def listen(self, workers: int) -> None:
        """Offer the endpoints; ``workers`` requests may use the models at the same time."""
        models = {"concurrency_limit": workers, "concurrency_id": "models"}
        for endpoint, lane in (
            (self.predict, models),
            (self.explain, models),
            (self.compare, models),
            (self.catalog, limits.COLLECTIONS),
            (self.models, limits.COLLECTIONS),
        ):
            gr.api(notices.for_programs(endpoint), api_name=endpoint.__name__, **lane)
        # The same once more: where the requests of `explain` that ask for a slow map wait.
        gr.api(
            notices.for_programs(self.explain), api_name=EXPLAIN_SLOWLY,
            api_visibility="private", **waiting.LANE,
        )  # fmt: skip

    def predict(
        self, picture: gr.FileData, model: str, top: int = 5, cards: bool = False
    ) -> dict[str, Any]:
        """Name the likeliest of the first 151 Pokémon species in a picture.

        Parameters:
            picture: An uploaded picture; an assistant may also give a data: address.
            model: Id of a model, such as vit_finetuned; the endpoint models lists them.
            top: How many species to name.
            cards: Whether to look for a trading card first; part then tells what of it counted.
        """
        if not isinstance(top, int) or top < 1:
            raise PokeclfError("top takes a number of guesses of at least 1.")
        name, path = uploads.named(picture)
        seen = self.observations.read(path, str(model), cards)
        facts = schema.prediction(name, seen.observation, top, seen.part)
        return schema.answer("prediction", facts)

    def explain(
        self,
        picture: gr.FileData,
        model: str,
        method: str | None = None,
        species: str | None = None,
        layer: str | None = None,
        cards: bool = False,
    ) -> tuple[dict[str, Any], gr.FileData]:
        """Show where in a picture a model looked: the map as numbers, and drawn over the picture.

        Parameters:
            picture: An uploaded picture; an assistant may also give a data: address.
            model: Id of a model, such as vit_finetuned; the endpoint models lists them.
            method: Id of a method, such as grad-cam or occlusion; the model's own by default.
            species: Whose evidence the map shows; the likeliest species by default.
            layer: The place in the model to look at, such as stage 2 of 4; the last by default.
            cards: Whether to look for a trading card first; the map then lies over its part.
        """
        name, path = uploads.named(picture)
        seen = self.observations.read(path, str(model), cards)
        chosen = method_of(seen.classifier, str(method) if method else None)
        if layer and "layer" not in chosen.takes:
            raise PokeclfError(f"Method {chosen.id} takes no layer.")
        options = Options(layer=layer or None)
        found = explain(
            seen.classifier, seen.observation, _slug(species), chosen.id, options, _in_time
        )
        facts = schema.explanation(name, found, *self._known(seen, found, chosen), seen.part)
        return schema.answer("explanation", facts), _drawn(seen, found, name)

    def _known(self, seen: Seen, found: Explanation, method: Method) -> tuple[float, bool | None]:
        """The explained species' probability, and whether such maps beat random ones."""
        observation, card = seen.observation, seen.classifier.card
        probability = float(observation.probabilities[observation.classes.index(found.species)])
        known = examined(self.observations.store.root / card.model, card, (method,))
        return probability, known[0].beats_random if known else None

    def compare(
        self, picture: gr.FileData, models: list[str], species: str | None = None
    ) -> dict[str, Any]:
        """Compare what several models see in a picture, and whether they look at the same places.

        Parameters:
            picture: An uploaded picture; an assistant may also give a data: address.
            models: Ids of models; the endpoint models lists them.
            species: Whose evidence the maps show; by default the one that most models see.
        """
        (name, path), wanted = uploads.named(picture), _slug(species)
        if not isinstance(models, list) or not models:
            raise PokeclfError("models takes a list of at least one model's id.")
        asked = dict(answers(self.observations, path, dict.fromkeys(map(str, models))))
        problems = {m: str(found) for m, found in asked.items() if isinstance(found, Exception)}
        guesses = {m: found for m, found in asked.items() if m not in problems}
        if not guesses:
            raise PokeclfError("None of these models can answer.")
        wanted = wanted or seen_by_most(guesses)
        # One after the other: all at once they might take more memory than models may.
        seen = (self.observations.get(path, model) for model in guesses)
        maps = [explain(each.classifier, each.observation, wanted) for each in seen]
        first, *_ = scaled = shared_scale(maps, SIDE)
        compared = [
            schema.compared(guesses[each.model], each, overlap(first, heatmap))
            for each, heatmap in zip(maps, scaled, strict=True)
        ]
        return schema.answer("comparison", schema.comparison(name, wanted, compared, problems))

    def catalog(
        self, pictures: list[gr.FileData], model: str, cards: bool = False
    ) -> dict[str, Any]:
        """Catalogue a collection: the species in each picture, and those that are missing.

        Parameters:
            pictures: At most 200 of what the other endpoints take as a picture.
            model: Id of a model, such as vit_finetuned; the endpoint models lists them.
            cards: Whether to look for trading cards first, with up to four views of each picture.
        """
        if not isinstance(pictures, list) or not 0 < len(pictures) <= MOST_PICTURES:
            raise PokeclfError(f"pictures takes a list of 1 to {MOST_PICTURES} pictures.")
        files = [(name, Path(path)) for name, path in map(uploads.named, pictures)]
        store = self.observations.store
        classifier, finder = store.get(str(model)), self.observations.finder_if(cards)
        card = classifier.card
        sure_from = catalog.least_confidence(store.root, card)
        rows = []
        for row in catalog.rows(classifier, files, sure_from, finder):
            limits.check()
            rows.append(row)
        summary = catalog.Tally(rows).summary
        facts = schema.catalogue(card.model, rows, summary, card.classes)
        return schema.answer("catalogue", facts)

    def models(self) -> dict[str, Any]:
        """List the models: their ids, whether they can answer, and how accurate they are."""
        states = [schema.model_state(status) for status in self.observations.store.statuses()]
        return schema.answer("models", {"models": states})


def asks_for_slow_map(sent: list[Any]) -> bool:
    """Whether a request of ``explain`` takes seconds, by what it sends."""
    method = sent[2] if len(sent) > 2 else None
    return isinstance(method, str) and method in METHODS and METHODS[method].slow


def _slug(name: str | None) -> str | None:
    """The slug of a species by any of its names; None when none is named."""
    return species.find(str(name)).slug if name else None


def _in_time(share: float) -> None:
    """Cancel a slow map whose time is over."""
    limits.check()


def _drawn(seen: Seen, found: Explanation, name: str) -> dict[str, Any]:
    """A map over what the model saw, as a file that Gradio hands to its clients."""
    picture = overlay(seen.observation.crop, found.heatmap)
    path = save_pil_to_cache(picture, get_upload_folder(), format="png")
    title = f"{Path(name).stem}-{found.model}-{found.method}.png"
    return FileData(path=path, orig_name=title).model_dump()
