"""``python -m benchmarks.load --people 50 --minutes 10``: many people at one server.

First one visitor alone asks every question, and then the same mix again one after the other; then
the crowd asks it. Every answer of the crowd is compared with the answer to the same question asked
alone. Files that are no pictures are among them. The server is the real ``app.py`` on the bundled
checkpoints, and the crowd shares the machine with it.

Tools for load tests such as Locust and k6 count requests and time them. Here a question is a
conversation (upload, place in the queue, progress, answer), its places must never become worse, and
its answer is compared with the one alone; so the crowd is our own, on httpx.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from benchmarks.crowd import Asked, Crowd, gather
from benchmarks.mix import Question, bad_files, mix, passes, pictures
from benchmarks.recording import record
from benchmarks.visitor import Json, Site
from pokeclf import commandline, hub, study
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.promises import LOAD_ANSWERS, LOAD_MEMORY, LOAD_RATE, Promise
from tests.serving import serving

PEOPLE, MINUTES = 50, 10.0
"""What the promises are about."""
MOST_GROWTH = 40
"""Megabytes that may come and go with the allocator once the server is warm."""
TELLING = 240
"""Seconds of a crowd after which growth of memory tells anything."""
SHOWN = 5
"""Examples of what went wrong that are printed."""


@dataclass(frozen=True)
class Load:
    """One visitor, and a crowd.

    Attributes
    ----------
    answers : to every question, asked alone.
    """

    answers: Mapping[Question, Json]
    alone: Crowd
    crowd: Crowd

    @property
    def lost(self) -> list[Asked]:
        """Questions without an answer."""
        return [each for each in (*self.alone.asked, *self.crowd.asked) if each.problem]

    @property
    def wrong(self) -> list[Asked]:
        """Questions with another answer than alone."""
        everything = (*self.alone.asked, *self.crowd.asked)
        return [
            each
            for each in everything
            if not each.problem and each.answer != self.answers[each.question]
        ]

    @property
    def pushed(self) -> list[Asked]:
        """Questions whose place in the queue was not told, or became worse."""
        return [each for each in self.crowd.asked if not each.problem and not each.in_order]

    @property
    def work(self) -> float:
        """Seconds of the lone visitor's work that the crowd got done each second."""
        times = defaultdict(list)
        for each in self.alone.asked:
            times[each.question].append(each.seconds)
        return self.crowd.work({key: statistics.mean(row) for key, row in times.items()})

    @property
    def figures(self) -> dict[Promise, float]:
        """What is promised of it."""
        return {
            LOAD_ANSWERS: len(self.lost) + len(self.wrong),
            LOAD_RATE: min(self.crowd.rate / self.alone.rate, self.work),
            LOAD_MEMORY: max(self.crowd.memory),
        }

    @property
    def failures(self) -> list[str]:
        """What does not hold, in words."""
        found = []
        for what, cases in (
            ("had no answer", self.lost),
            ("had another answer than alone", self.wrong),
            ("were not told their place, or somebody pushed in", self.pushed),
        ):
            if cases:
                found.append(f"{len(cases)} questions {what}, such as:")
                found += [f"  {_described(each, self.answers)}" for each in cases[:SHOWN]]
        if not LOAD_RATE.target.reached(self.figures[LOAD_RATE]):
            found.append("The crowd got less done than one visitor alone.")
        if not LOAD_MEMORY.target.reached(self.figures[LOAD_MEMORY]):
            found.append("The server held too much memory.")
        if self.crowd.seconds >= TELLING and self.crowd.growth() > MOST_GROWTH:
            found.append("The server's memory grew.")
        return found


def _described(each: Asked, answers: Mapping[Question, Json]) -> str:
    question = each.question
    what = f"{question.kind}, {question.picture.name}, {question.arguments}"
    if each.problem:
        return f"{what}: {each.problem[:300]}"
    return f"{what}: places {each.places}; {each.answer!s:.300} instead of " + (
        f"{answers[question]!s:.300}"
    )


async def measure(
    address: str, process: int, questions: Sequence[Question], people: int, seconds: float
) -> Load:
    """Ask alone, then in a crowd.

    Raises
    ------
    PokeclfError
        When a question asked alone has no answer, so that there is nothing to compare with.
    """
    site = Site(address)
    first = await gather(site, process, 1, iter(questions), float("inf"))
    for each in first.asked:
        if each.problem:
            raise PokeclfError(f"Asked alone: {_described(each, {})}.")
    again = islice(passes(questions), len(questions))
    return Load(
        {each.question: each.answer for each in first.asked},
        await gather(site, process, 1, again, float("inf")),
        await gather(site, process, people, passes(questions), seconds),
    )


def table(load: Load) -> str:
    """The figures, and what does not hold."""
    alone, crowd = load.alone, load.crowd
    told = {promise: promise.target.verdict(value) for promise, value in load.figures.items()}
    lines = [
        f"alone: {len(alone.asked)} questions in {alone.seconds:.0f} s, {alone.rate:.2f} a second",
        f"{crowd.people} people: {len(crowd.asked):,} questions, in {crowd.seconds:.0f} s "
        f"{crowd.rate:.2f} a second, {crowd.rate / alone.rate:.2f} times as many; "
        f"{load.work:.2f} times the work; the lesser "
        f"{told[LOAD_RATE]}",
        f"{'seconds to the answer':22} {'asked':>6} {'alone':>7} {'median':>7} {'95 %':>7} "
        f"{'longest':>7}",
    ]
    for kind in dict.fromkeys(question.kind for question in load.answers):
        lines.append(f"{kind:22} {_times(load, kind)}")
    lines += [
        f"wrong answers: {len(load.wrong)}; without an answer: {len(load.lost)}; together "
        f"{told[LOAD_ANSWERS]}",
        f"without a place in the queue, or pushed back: {len(load.pushed)}",
        f"memory in MB: {alone.memory[-1]:.0f} alone, most {told[LOAD_MEMORY]}, "
        f"{crowd.memory[-1]:.0f} in the end, {crowd.growth():+.0f} since the warm-up",
        *load.failures,
    ]
    return "\n".join(lines)


def _times(load: Load, kind: str) -> str:
    one, many = (
        sorted(each.seconds for each in crowd.asked if each.question.kind == kind)
        for crowd in (load.alone, load.crowd)
    )
    if not many:
        return f"{0:6}"
    late = many[min(int(0.95 * len(many)), len(many) - 1)]
    times = statistics.median(one), statistics.median(many), late, many[-1]
    return f"{len(many):6} " + " ".join(f"{value:7.2f}" for value in times)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = commandline.Parser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--data", type=commandline.path, metavar="DIR", help="more pictures")
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if options.people < 1 or not 0 < options.minutes < float("inf"):
        raise PokeclfError("--people and --minutes take numbers above 0.")
    cards = {each.model.id: each.card for each in ModelStore(hub.BUNDLED).statuses() if each.card}
    questions = mix(list(cards), pictures(options.data), bad_files())
    with tempfile.TemporaryDirectory() as folder, serving(folder, hub.BUNDLED) as server:
        load = asyncio.run(
            measure(server.address, server.process, questions, options.people, 60 * options.minutes)
        )
    print(table(load))
    full = (
        options.people >= PEOPLE and options.minutes >= MINUTES and len(cards) == len(study.STUDY)
    )
    record(load.figures, cards.values(), at_full_length=full)
    return 1 if load.failures else 0


if __name__ == "__main__":
    sys.exit(main())
