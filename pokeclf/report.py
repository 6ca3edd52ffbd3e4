"""The whole Experiments view as one static HTML file, for a class without server and network.

Words, tables and figures are the page's own, from :mod:`pokeclf.exhibits`. Where the page shows
one choice at a time, the report shows all of them, folded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from itertools import count, pairwise
from pathlib import Path
from string import Template

from pokeclf import (
    alternatives,
    charts,
    confusions,
    diagnosis,
    embedding,
    exhibits,
    findings,
    firststeps,
    recipefindings,
    study,
    treefindings,
)
from pokeclf.alternatives import Figure
from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically
from pokeclf.library import Library, Shelf
from pokeclf.markup import TABLES_CSS, table

TEMPLATE = Path(__file__).with_suffix(".html")
ENDINGS = (".html", ".htm")
LISTED = 24
"""Images of each kind that are listed of a model."""


@dataclass(frozen=True)
class Choice:
    """What the page shows when a person chooses something: a name and its parts, folded here."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Told:
    """A figure that has words and a table of its own, as :func:`alternatives.beside` has them.

    Attributes
    ----------
    beside : gives them from the figure's name.
    """

    figure: Figure
    beside: Callable[[str], str]


Part = str | Figure | Choice | Told
"""HTML, a figure, or a choice; None is left out."""


def write(library: Library, path: Path) -> tuple[str, ...]:
    """Write the report of all results that there are.

    Returns
    -------
    A sentence for each result that is there and cannot be read.

    Raises
    ------
    PokeclfError
        When there are no results, or the file may not be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise PokeclfError(f"A report is a web page: {path} does not end in .html.")
    shelf = library.shelf()
    if not shelf.tuned:
        raise PokeclfError("No model is trained yet, so there is nothing to report.")
    write_atomically(path, page(library, shelf).encode())
    return shelf.problems


def page(library: Library, shelf: Shelf) -> str:
    """The whole report."""
    number = count(1)
    sections = [
        (title.lower().replace(" ", "-"), title, _html(parts(library, shelf), number))
        for title, parts in SECTIONS.items()
    ]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        tables_style=TABLES_CSS.read_text(encoding="utf-8"),
        introduction=_introduction(shelf),
        contents="\n".join(f'<li><a href="#{key}">{title}</a>' for key, title, _ in sections),
        sections="\n".join(
            f'<section aria-labelledby="{key}"><h2 id="{key}">{title}</h2>{contents}</section>'
            for key, title, contents in sections
        ),
        plotly=charts.script(),
    )


def _introduction(shelf: Shelf) -> str:
    split = shelf.split
    sizes = ", ".join(f"{len(paths):,} {part}" for part, paths in split.parts.items())
    problems = "".join(f"<p>{escape(problem)}</p>" for problem in shelf.problems)
    return (
        f"<p>What {len(shelf.tuned)} of the study's {len(study.STUDY)} models achieve on "
        f"{len(split.parts['test']):,} test images that no model was trained or chosen on. "
        "The study's figures are its own, on its own split of a similar data set.</p>"
        f"<p>Split of seed {split.seed} ({sizes} images), fingerprint "
        f"<code>{split.fingerprint}</code>; images, fingerprint "
        f"<code>{escape(split.data_fingerprint)}</code>.</p>{problems}"
    )


def _html(parts: Iterator[Part] | tuple[Part, ...], number: Iterator[int]) -> str:
    """Parts as HTML; ``number`` gives the next figure's."""
    found = []
    for part in parts:
        if isinstance(part, Choice):
            found.append(
                f'<details class="choice"><summary>{escape(part.name)}</summary>'
                f"{_html(part.parts, number)}</details>"
            )
        elif isinstance(part, str):
            found.append(part)
        elif isinstance(part, Told):
            name = f"figure-{next(number)}"
            found.append(_figure(part.figure, name, part.beside(name)))
        elif part is not None:
            name = f"figure-{next(number)}"
            found.append(_figure(part, name, alternatives.beside(part, name)))
    return "\n".join(found)


def _figure(figure: Figure, name: str, beside: str) -> str:
    # JSON may stand in a script when it cannot end it.
    data = figure.to_json().replace("</", "<\\/")
    return (
        f'<figure><div class="chart" id="{name}" role="img" aria-labelledby="{name}-words" '
        f'style="height: {figure.layout.height}px"></div>'
        f'<script type="application/json">{data}</script>'
        f"{beside}</figure>"
    )


def _leaderboard(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield charts.leaderboard(shelf.tuned)
    rows = [
        [name, *map(escape, others)]
        for name, *others in alternatives.texts(exhibits.leaderboard(shelf))
    ]
    yield table(tuple(exhibits.COLUMNS.values()), rows, "All figures")
    yield charts.accuracy_against_size(shelf.tuned)
    yield exhibits.against_latency(shelf)
    yield findings.places(shelf.ranked)
    yield findings.latencies(shelf.latencies)
    yield findings.summary(shelf.tuned)


def _training(library: Library, shelf: Shelf) -> Iterator[Part]:
    runs = exhibits.runs(shelf)
    telling = {name: runs[name] for name in exhibits.telling_runs(shelf)}
    yield charts.curves(telling, "accuracy")
    yield findings.CURVES
    for name, run in runs.items():
        quantities = exhibits.QUANTITIES
        yield Choice(name, tuple(charts.curves({name: run}, each) for each in quantities))


def _recipes(library: Library, shelf: Shelf) -> Iterator[Part]:
    for model in recipefindings.both(shelf):
        steps = diagnosis.of(library.root, model)
        yield Choice(
            exhibits.name_of(model),
            (
                recipefindings.verdict(shelf, model, steps),
                charts.curves(exhibits.both_runs(shelf, model), "accuracy"),
                findings.CURVES,
                recipefindings.differences(shelf, model),
                firststeps.told(steps, len(shelf.tuned[model].card.classes)),
            ),
        )
    yield recipefindings.all_recipes(shelf)


def _two_models(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield "<p>Each model and the next best one; the last table has all pairs.</p>"
    for first, second in pairwise(result.card.model for result in shelf.ranked):
        verdict, differences, images = exhibits.pair(shelf, first, second)
        maps = [
            Choice(label, (confusions.difference(shelf, first, second, extent),))
            for extent, label in confusions.EXTENTS.items()
        ]
        name = f"{exhibits.name_of(first)} and {exhibits.name_of(second)}"
        yield Choice(name, (verdict, images, differences, *maps))
    yield findings.all_pairs(shelf.ranked)


def _mistakes(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield exhibits.families(shelf)
    yield findings.families(shelf.ranked)
    for result in shelf.ranked:
        model = result.card.model
        first, *others = confusions.EXTENTS
        maps = [
            Choice(confusions.EXTENTS[extent], (confusions.single(shelf, model, extent),))
            for extent in others
        ]
        yield Choice(
            exhibits.name_of(model),
            (exhibits.mistakes(shelf, model), confusions.single(shelf, model, first), *maps),
        )


def _calibration(library: Library, shelf: Shelf) -> Iterator[Part]:
    for result in shelf.ranked:
        model = result.card.model
        yield Choice(exhibits.name_of(model), exhibits.calibration(shelf, model))


def _trees(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield treefindings.experiments_on_trees(shelf.tuned)
    yield treefindings.tree_settings(shelf.tuned)
    for model in exhibits.trees(shelf):
        try:
            parts: tuple[Part, ...] = exhibits.importances(library, model)
        except PokeclfError as error:  # Trees that are damaged leave the rest as it is.
            parts = (f"<p>{escape(str(error))}</p>",)
        yield Choice(exhibits.name_of(model), parts)


def _gallery(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield "<p>Without pictures: the page shows them where the data set is at hand.</p>"
    paths = shelf.split.parts["test"]
    for result in shelf.ranked:
        tables = (
            findings.images(result, choose(result)[:LISTED], paths, caption)
            for caption, choose in exhibits.GALLERY.items()
        )
        yield Choice(exhibits.name_of(result.card.model), tuple(tables))


def _embedding(library: Library, shelf: Shelf) -> Iterator[Part]:
    yield "<p>Test images whose features are alike lie close to each other (t-SNE).</p>"
    for result in shelf.ranked:
        model = result.card.model
        if embedding.owner(result.card) != model:
            continue  # Trees read a network's features, which are there already.
        with suppress(PokeclfError):  # It was not computed, or it is damaged.
            yield Choice(exhibits.name_of(model), (Told(*exhibits.embedded(library, model)),))


SECTIONS: dict[str, Callable[[Library, Shelf], Iterator[Part]]] = {
    "Leaderboard": _leaderboard,
    "Why some failed": _recipes,
    "Training": _training,
    "Two models": _two_models,
    "Mistakes": _mistakes,
    "Calibration": _calibration,
    "Trees": _trees,
    "Gallery": _gallery,
    "Embedding": _embedding,
}
