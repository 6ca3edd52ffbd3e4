"""What a crowd asks: predictions, maps, comparisons and collections, of good and of bad files."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.visitor import Json, LostError, Picture, Visitor, without_place
from pokeclf.drawings import drawings_of
from tests.bad_images import TEN, bad_images

FROM_DATA = 40
"""Pictures that are drawn from a folder of images, where there is one."""
SLOW = ("occlusion", "rise")
BAD = "bad file"
LIGHT = ("convmixer", "vit_finetuned", "vit_frozen")
"""Models whose slow maps take a second and not a minute."""


@dataclass(frozen=True, eq=False)
class Question:
    """Something that is asked of the dashboard.

    Attributes
    ----------
    kind : what it is counted as.
    endpoint : ``"page"`` for the page itself.
    arguments : after the picture.
    """

    kind: str
    endpoint: str
    picture: Picture
    arguments: tuple[Json, ...]

    async def asked_by(self, visitor: Visitor) -> tuple[Json, tuple[int, ...]]:
        """The answer, as it can be compared with another one, and the places in the queue."""
        file = await visitor.upload(self.picture)
        if self.endpoint == "page":
            return await _page(visitor, file, *self.arguments)
        first = [file] if self.endpoint == "catalog" else file
        reply = await visitor.ask(self.endpoint, [first, *self.arguments])
        if reply.refused:
            if self.kind != BAD:
                raise LostError(f"It was refused: {reply.data}")
            _check_sentence(reply.data)
        return without_place(reply.data), reply.places


async def _page(visitor: Visitor, file: Json, model: str) -> tuple[Json, tuple[int, ...]]:
    """Somebody opens the page and drops a picture on it: its cards are found, then it is seen."""
    visitor.reopen()
    chosen = {"picture": file, "model": model}
    found = await visitor.look("find", chosen)
    part = found["picture"] if "path" in (found["picture"] or {}) else file
    seen = await visitor.look("look", {**chosen, "picture": part})
    for sentence in seen["notices"]:
        _check_sentence(sentence)
    answer = {name: seen[name] for name in ("guesses", "map", "seen", "method")}
    return without_place({**answer, "notices": seen["notices"]}), seen["places"]


def _check_sentence(said: str) -> None:
    """Raise LostError for anything but one sentence."""
    if not said.endswith(".") or "\n" in said or "Traceback" in said:
        raise LostError(f"This is not one sentence: {said!r}")


def pictures(data: Path | None) -> list[Picture]:
    """The project's drawings, and some pictures of a folder of class folders."""
    files = drawings_of()
    if data is not None:
        images = sorted(path for path in data.glob("*/*") if path.suffix in (".jpg", ".png"))
        files += random.Random(0).sample(images, min(FROM_DATA, len(images)))
    return [Picture(path.name, path.read_bytes()) for path in files]


def bad_files() -> list[Picture]:
    """Files that are no pictures, or odd ones."""
    known = bad_images()
    return [Picture(f"{name}.png", known[name][0]) for name in TEN]


def mix(models: Sequence[str], good: Sequence[Picture], bad: Sequence[Picture]) -> list[Question]:
    """All questions, in a fixed order: every model with many pictures, some in several ways.

    Parameters
    ----------
    models : ids of those that can answer.
    """
    some, asked = cycle(good), cycle(models)
    slow = [model for model in LIGHT if model in models]
    questions = [
        *(Question("predict", "predict", next(some), (model, 5)) for model in list(models) * 4),
        *(Question("page", "page", next(some), (model,)) for model in list(models) * 3),
        *(
            Question("map", "explain", next(some), (model, None, None, None))
            for model in list(models) * 2
        ),
        *(
            Question("slow map", "explain", next(some), (model, method, None, None))
            for model in slow
            for method in SLOW
        ),
        *(
            Question("compare", "compare", picture, (list(islice(asked, 3)), None))
            for picture in islice(some, 8)
        ),
        Question("compare all", "compare", next(some), (list(models), None)),
        *(Question("catalog", "catalog", next(some), (model,)) for model in models[:3]),
    ]
    for picture in bad:
        model = next(asked)
        questions += [
            Question(BAD, "predict", picture, (model, 5)),
            Question(BAD, "page", picture, (model,)),
        ]
    return questions


def passes(questions: Sequence[Question]) -> Iterator[Question]:
    """The same questions again and again, each time in another order."""
    shuffled = random.Random(0)
    while True:
        yield from shuffled.sample(questions, len(questions))
