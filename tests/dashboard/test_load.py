"""Many people at the real server: right answers for all, fair waiting, and a full queue."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from benchmarks.crowd import Asked, Crowd
from benchmarks.load import Load, measure, table
from benchmarks.mix import Question, bad_files, mix, passes, pictures
from benchmarks.visitor import API, Picture, Site, Visitor
from pokeclf.dashboard.places import FULL
from pokeclf.promises import LOAD_ANSWERS, LOAD_MEMORY, LOAD_RATE
from tests.dashboard.conftest import EEVEE, PIKACHU
from tests.dashboard.filling import programs
from tests.serving import serving

PEOPLE = 8
SECONDS = 5
SLOW = ("convmixer", "occlusion", None, None)
QUESTION = Question("predict", "predict", Picture("a.png", b""), ("convmixer", 5))


@pytest.fixture(scope="module")
def server(tmp_path_factory, checkpoints):
    """A server of its own: what is in its queue is not in the way of other tests."""
    with serving(tmp_path_factory.mktemp("elsewhere"), checkpoints) as server:
        yield server


@pytest.fixture(scope="module")
def site(server):
    return Site(server.address)


def test_a_crowd_with_bad_files_gets_what_each_would_get_alone(server):
    questions = [
        question
        for question in mix(["convmixer", "vit_frozen"], pictures(None)[:4], bad_files()[:4])
        if question.kind != "slow map"
    ]
    kinds = {question.kind for question in questions}
    load = asyncio.run(measure(server.address, server.process, questions, PEOPLE, SECONDS))
    assert {each.question.kind for each in load.alone.asked} == kinds
    assert len(load.crowd.asked) >= PEOPLE
    assert (load.lost, load.wrong, load.pushed) == ([], [], [])
    assert load.crowd.memory
    assert all(kind in table(load) for kind in kinds)


def test_programs_and_people_do_not_wait_behind_twenty_slow_maps(site):
    async def crowd():
        async with AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(Visitor(site)) for _ in range(23)]
            *crowd, one, two, three = visitors
            file = await one.upload(Picture("pikachu.png", Path(PIKACHU).read_bytes()))
            slow = [asyncio.create_task(each.ask("explain", [file, *SLOW])) for each in crowd]
            await asyncio.sleep(0.5)
            fast = [
                await one.ask("predict", [file, "convmixer", 5]),
                await two.ask("explain", [file, "convmixer", "grad-cam", None, None]),
                await three.ask("compare", [file, ["convmixer", "vit_frozen"], None]),
            ]
            before = sum(each.done() for each in slow)
            seen = await one.look("look", {"picture": file, "model": "convmixer"})
            return fast, before, seen, await asyncio.gather(*slow)

    fast, before, seen, slow = asyncio.run(crowd())
    assert not any(reply.refused for reply in (*fast, *slow))
    assert before < len(slow) / 2
    assert all(reply.places[0] == 0 for reply in fast)
    assert seen["guesses"]["choices"]
    # The slow ones wait for each other, in the order in which they came.
    assert max(reply.places[0] for reply in slow) >= len(slow) - 2
    assert all(tuple(sorted(reply.places, reverse=True)) == reply.places for reply in slow)


def test_a_full_queue_is_refused_politely_and_empties(site):
    with programs(site.address) as crowd:
        crowd.fill("explain", "vit_frozen", "rise", None, None)
        refused = httpx.post(f"{site.address}{API}/call/models", json={"data": []})
        assert refused.status_code == 503
        assert refused.json() == {"detail": FULL.sentence}
        assert httpx.get(f"{site.address}/health").status_code == 200
    # Whoever asked has gone away, and those who come later are answered.

    async def later():
        async with Visitor(site) as visitor:
            file = await visitor.upload(Picture("eevee.png", Path(EEVEE).read_bytes()))
            while (reply := await visitor.ask("predict", [file, "convmixer", 5])).refused:
                await asyncio.sleep(0.2)
            return reply

    assert asyncio.run(later()).data[0]["model"] == "convmixer"


def _crowd(*asked, memory=(100.0,), people=2):
    return Crowd(people, 2.0, asked, memory)


def _asked(answer=1, end=1.0, seconds=1.0, places=(1, 0), problem=None):
    return Asked(QUESTION, end, seconds, answer, places, problem)


def _load(*asked, memory=(100.0,)):
    return Load({QUESTION: 1}, _crowd(_asked(), _asked(), people=1), _crowd(*asked, memory=memory))


def test_everything_that_can_go_wrong_is_told():
    assert _load(_asked(), _asked()).failures == []
    for case, words in (
        (_load(_asked(), _asked(answer=2)), "had another answer"),
        (_load(_asked(), _asked(problem="ReadError")), "had no answer"),
        (_load(_asked(), _asked(places=(0, 3))), "their place"),
        (_load(_asked(), _asked(places=())), "their place"),
        (_load(_asked(), _asked(), memory=(5000.0,)), "too much memory"),
        (_load(_asked(), _asked(end=11.0)), "less done"),
    ):
        assert words in "\n".join(case.failures)
        assert words in table(case)


def test_the_promised_figures_are_those_of_the_crowd():
    bad = _asked(answer=2), _asked(problem="ReadError"), _asked(), _asked()
    load = _load(*bad, memory=(90.0, 120.0, 110.0))
    assert load.figures == {LOAD_ANSWERS: 2, LOAD_RATE: 2.0, LOAD_MEMORY: 120.0}
    assert "together 2 (target at most 0: missed)" in table(load)
    assert "2.00 times (target at least 0.8 times: reached)" in table(load)


def test_growth_is_measured_after_the_warm_up():
    steady = [100.0, 300.0, 500.0] + [600.0] * 97
    assert _crowd(_asked(), memory=steady).growth() == 0
    assert _crowd(_asked(), memory=[float(second) for second in range(100)]).growth() == 59


def test_the_mix_has_every_model_and_stays_the_same():
    questions = mix(["convmixer", "vit_frozen"], pictures(None), bad_files())
    first = [next(each) for each in [passes(questions)] for _ in questions]
    assert set(first) == set(questions)
    assert len({id(each) for each in first}) == len(questions)
