"""Many visitors at once, each asking one question after the other, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import httpx

from benchmarks.growth import resident
from benchmarks.mix import Question
from benchmarks.visitor import Json, LostError, Site, Visitor


@dataclass(frozen=True)
class Asked:
    """A question that was asked.

    Attributes
    ----------
    end : seconds since the beginning, when the answer came.
    seconds : from the upload to the answer.
    places : in the queue that were told, in order.
    problem : why there is no answer; None where there is one.
    """

    question: Question
    end: float
    seconds: float
    answer: Json = None
    places: tuple[int, ...] = ()
    problem: str | None = None

    @property
    def in_order(self) -> bool:
        """Whether a place was told, and nobody pushed in."""
        return bool(self.places) and all(later <= now for now, later in pairwise(self.places))


@dataclass(frozen=True)
class Crowd:
    """What a crowd experienced, and the server with it.

    Attributes
    ----------
    seconds : during which questions were asked; the last answers came later.
    memory : megabytes that the server held, second by second.
    """

    people: int
    seconds: float
    asked: Sequence[Asked]
    memory: Sequence[float]

    @property
    def in_time(self) -> list[Asked]:
        """What was answered while questions were asked."""
        return [each for each in self.asked if each.end <= self.seconds]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.in_time) / self.seconds

    def work(self, alone: Mapping[Question, float]) -> float:
        """How many seconds of one visitor's questions were answered each second.

        Parameters
        ----------
        alone : seconds that each question takes when nobody else asks.
        """
        return sum(alone[each.question] for each in self.in_time) / self.seconds

    def growth(self, warm_up: float = 0.3) -> float:
        """Megabytes that the server held more in the end than after the warm-up; medians.

        Parameters
        ----------
        warm_up : share of the time after which everything has been used, and kept, once.
        """
        warm = sorted(self.memory[int(warm_up * len(self.memory)) :][: len(self.memory) // 10 + 1])
        last = sorted(self.memory[-(len(self.memory) // 10 + 1) :])
        return last[len(last) // 2] - warm[len(warm) // 2]


async def gather(
    site: Site, process: int, people: int, questions: Iterator[Question], seconds: float
) -> Crowd:
    """Let people ask for some time; who has asked by then still gets an answer.

    Parameters
    ----------
    process : number of the server's process.
    questions : shared by all; the crowd also goes home when there are no more.
    """
    start = time.perf_counter()
    asked: list[Asked] = []

    async def person() -> None:
        async with Visitor(site) as visitor:
            for question in questions:
                asked.append(await _ask(visitor, question, start))
                if asked[-1].end > seconds:
                    return

    memory: list[float] = []
    watching = asyncio.create_task(_watch(process, memory))
    await asyncio.gather(*(person() for _ in range(people)))
    watching.cancel()
    elapsed = time.perf_counter() - start
    return Crowd(people, min(seconds, elapsed), asked, memory)


async def _ask(visitor: Visitor, question: Question, start: float) -> Asked:
    began = time.perf_counter()
    try:
        answer, places = await question.asked_by(visitor)
        problem = None
    except (LostError, httpx.HTTPError) as error:
        answer, places, problem = None, (), f"{type(error).__name__}: {error}"
    end = time.perf_counter()
    return Asked(question, end - start, end - began, answer, places, problem)


async def _watch(process: int, memory: list[float]) -> None:
    while True:
        memory.append(resident(process))
        await asyncio.sleep(1)
