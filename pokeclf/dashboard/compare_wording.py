"""A comparison of models in words and HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from pokeclf import study
from pokeclf.classifier import Guess
from pokeclf.dashboard.address import EACH, OWN
from pokeclf.dashboard.comparison import (
    Comparison,
    Pictures,
    Seat,
    first_guesses,
    seen_by_most,
)
from pokeclf.dashboard.wording import figures
from pokeclf.markup import NBSP, percent, table
from pokeclf.species import of

Guesses = Mapping[str, tuple[Guess, ...]]
OVERLAP = (
    "Overlap is how much of a map's brightest fifth is bright in the first model's, too; by chance "
    f"it would be 20{NBSP}%."
)


def progress(what: str, done: int, count: int, guesses: Guesses) -> str:
    """How many models have answered, and what, as HTML that screen readers tell, too."""
    return (
        f'<p role="status"><progress value="{done}" max="{count}"></progress> '
        f"{what} {done} of {count}</p>{matrix(guesses) if guesses else ''}"
    )


def compared(found: Comparison, pictures: Pictures) -> str:
    """Everything that a comparison says."""
    return (
        f"<h3>{summary(found.guesses)}</h3>{doubt(found)}{matrix(found.guesses)}"
        f"<p>{reading(found)}</p>{figures(pictures)}"
    )


def summary(guesses: Guesses) -> str:
    """Do the models agree?"""
    (common, count), *others = first_guesses(guesses)
    name = escape(of(common).name)
    if len(guesses) == 1:
        return f"It says {name}."
    if not others:
        return f"{'Both' if count == 2 else f'All {count}'} say {name}."
    seen = escape(", ".join(sorted(of(species).name for species, _ in others)))
    others_see = "the other sees" if len(guesses) == count + 1 else "others see"
    says = "says" if count == 1 else "say"
    return f"{count} of {len(guesses)} {says} {name}; {others_see} {seen}."


def doubt(found: Comparison) -> str:
    """Which models say that the picture shows none of the species, as HTML; empty when none do."""
    names = [escape(seat.name) for seat in found.seats if not seat.familiar]
    if not names:
        return ""
    return (
        f"<p><strong>To {' and '.join(names)} this does not look like one of the 151.</strong> "
        "All models name the nearest they know all the same.</p>"
    )


def matrix(guesses: Guesses) -> str:
    """Models and their likeliest species, as a table in which agreement is marked."""
    common = seen_by_most(guesses) if len(guesses) > 1 else None
    rows = [
        [study.find(model).name, *(_cell(guess, place, common) for place, guess in enumerate(row))]
        for model, row in guesses.items()
    ]
    marked = f"; {of(common).name} is marked, and other first guesses with ≠" if common else ""
    return table(("model", "first guess", "second", "third"), rows, f"What each model sees{marked}")


def _cell(guess: Guess, place: int, common: str | None) -> str:
    """A guess; that of the most common species, and a first one that differs, are marked."""
    words = f"{escape(of(guess.species).name)} {percent(guess.probability)}"
    if common is None:
        return words
    if guess.species == common:
        return f'<span class="common">{words}</span>'
    return words if place else f'<span class="apart">≠ {words}</span>'


def reading(found: Comparison) -> str:
    """What the maps are for and how they can be compared."""
    if len(found.seats) == 1:
        species = escape(of(found.seats[0].species).name)
        words = f"The map is for {species}, {_reason(found)}: yellow is its strongest place."
    elif found.maps == OWN:
        words = (
            "Each map is for its model's own guess and has a scale of its own: yellow is its "
            "strongest place."
        )
    else:
        words = f"All maps are for {escape(of(found.seats[0].species).name)}, {_reason(found)}. "
        words += (
            "Each has a scale of its own: yellow is its strongest place."
            if found.maps == EACH
            else "They are on one scale: the colours tell the root of each place's share of its "
            "map. A dark map spreads over much of the picture; on a scale of its own it shows "
            "where most."
        )
    return f"{words} {OVERLAP}" if found.one_species and len(found.seats) > 1 else words


def two_species(first: Seat, second: Seat) -> str:
    """That two maps are for different species, as HTML; empty where they are for one."""
    if first.species == second.species:
        return ""
    one, other = (escape(of(each.species).name) for each in (first, second))
    return (
        f"<p><strong>These maps are for two species</strong>, {one} and {other}: they may differ "
        "because the species do. With the maps for the same species, the models alone differ.</p>"
    )


def _reason(found: Comparison) -> str:
    if found.top:
        return f"the best guess of {escape(study.find(found.top).name)}"
    if len(found.seats) == 1:
        return "its best guess"
    (_, most), *others = first_guesses(found.guesses)
    if others and others[0][1] == most:
        return "one of those that equally many models see"
    return "the species that most models see"
