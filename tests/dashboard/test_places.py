"""How many places one visitor may have in the queue, and what is told to those who get none."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import fastapi
import gradio as gr
import httpx
import pytest
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import EventQueue, Queue
from gradio_client import Client
from gradio_client.exceptions import AppError

from benchmarks.visitor import API, Site, Visitor
from pokeclf.dashboard import places as module
from pokeclf.dashboard.places import (
    FULL,
    MANY_HERE,
    MANY_OF_YOURS,
    OF_A_VISITOR,
    OF_AN_ADDRESS,
    PLACES,
    Places,
)
from tests.dashboard.filling import programs
from tests.serving import serving

SLOW = ("vit_frozen", "rise", None, None)
"""Takes so long that nothing gets ahead while a test fills the queue."""


@pytest.fixture
def queue():
    return Queue(False, 40, 1, PLACES, gr.Blocks())


@pytest.fixture
def places(queue):
    return Places(queue)


def _request(visitor, address):
    request = SimpleNamespace(client=SimpleNamespace(host=address))
    return SimpleNamespace(session_hash=visitor, request=request)


@pytest.fixture
def wait(queue):
    """Lets requests of a visitor wait in a lane."""

    def call(visitor, address, times=1, lane="models"):
        lanes = queue.event_queue_per_concurrency_id
        lanes.setdefault(lane, EventQueue(lane, 1)).queue += [_request(visitor, address)] * times

    return call


def test_a_visitor_has_a_quarter_of_the_places_in_whatever_lane_and_others_go_on(
    queue, places, wait
):
    wait("a", "1.1.1.1", OF_A_VISITOR - 2)
    wait("a", "1.1.1.1", lane="slow")
    assert places.refusal("a", "1.1.1.1") is None
    queue.active_jobs = [None, [_request("a", "1.1.1.1")]]  # What is answered now counts as well.
    assert places.refusal("a", "1.1.1.1") is MANY_OF_YOURS
    assert places.refusal("a", "1.1.1.2") is MANY_OF_YOURS
    assert places.refusal("b", "1.1.1.1") is None


def test_an_address_has_three_quarters_whatever_its_visitors_are_called(places, wait):
    for number in range(OF_AN_ADDRESS):
        assert places.refusal(str(number), "1.1.1.1") is None
        wait(str(number), "1.1.1.1")
    assert places.refusal("another", "1.1.1.1") is MANY_HERE
    assert places.refusal(None, "1.1.1.1") is MANY_HERE
    assert places.refusal("another", "1.1.1.2") is None


def test_fifty_people_at_one_address_have_room_for_two_requests_each_and_more(places, wait):
    for person in range(50):
        wait(str(person), "1.1.1.1", 2)
    assert all(places.refusal(str(person), "1.1.1.1") is None for person in range(50))


def test_the_queue_is_full_for_everybody(places, wait):
    for number in range(PLACES):
        wait(str(number), f"1.1.1.{number}")
    assert places.refusal("new", "2.2.2.2") is FULL


def test_everybodys_first_request_comes_before_anybodys_second(queue, places, wait, monkeypatch):
    told = []
    monkeypatch.setattr(queue, "broadcast_estimations", told.append)
    for visitor in "aaabacbd":
        wait(visitor, "1.1.1.1")
    wait("a", "1.1.1.1", 2, lane="slow")
    lane = queue.event_queue_per_concurrency_id["models"].queue
    requests = list(lane)
    places.take_turns()
    assert "".join(each.session_hash for each in lane) == "abcdabaa"
    for visitor in "ab":  # Each visitor's own stay in their order.
        assert [id(each) for each in lane if each.session_hash == visitor] == [
            id(each) for each in requests if each.session_hash == visitor
        ]
    places.take_turns()
    assert told == ["models"]  # Those whose places changed hear of it, once.
    del lane[0]
    wait("e", "1.1.1.1")
    places.take_turns()
    # Whoever has waited for longest is not passed by for ever.
    assert "".join(each.session_hash for each in lane) == "bcdaebaa"


@pytest.mark.parametrize("refusal", [FULL, MANY_HERE, MANY_OF_YOURS])
def test_a_refusal_is_one_polite_sentence(refusal):
    assert refusal.sentence.count(".") == 1
    assert refusal.sentence.endswith(".")
    assert "please" in refusal.sentence


def _body(visitor):
    return PredictBodyInternal(data=[], fn_index=0, session_hash=visitor)


def test_whoever_never_listens_is_told_no_more(queue, places):
    given, event, _ = places.refuse(_body("a"), FULL)
    assert given
    assert queue.pending_messages_per_session["a"].qsize() == 1
    with pytest.raises(fastapi.HTTPException) as caught:
        places.refuse(_body("a"), FULL)
    assert (caught.value.status_code, caught.value.detail) == (503, FULL.sentence)
    queue.pending_event_ids_session["a"].remove(event)  # as Gradio does when it was listened to
    assert places.refuse(_body("a"), FULL)[0]


def test_refusals_that_nobody_listens_to_do_not_fill_the_memory(queue, places, monkeypatch):
    monkeypatch.setattr(module, "MOST_UNHEARD", 3)
    queue.pending_event_ids_session["0"] = {"an answer"}
    queue.pending_messages_per_session["0"] = asyncio.Queue()
    for number in range(9):
        places.refuse(_body(str(number)), FULL)
    # What else the first visitor waits for stays.
    assert queue.pending_event_ids_session.pop("0") == {"an answer"}
    assert set(queue.pending_event_ids_session) == {"6", "7", "8"}
    assert set(queue.pending_messages_per_session) == {"0", "6", "7", "8"}


@pytest.fixture(scope="module")
def address(tmp_path_factory, checkpoints):
    with serving(tmp_path_factory.mktemp("elsewhere"), checkpoints) as server:
        yield server.address


def test_a_visitor_with_too_many_questions_is_told_so(address):
    async def ask(visitor):
        async with visitor:
            return await visitor.ask("models", [])

    visitor = Visitor(Site(address))
    with programs(address) as crowd:
        crowd.fill("explain", *SLOW, times=1)  # The others wait for this one.
        for number in range(OF_A_VISITOR):
            crowd.ask("explain", *SLOW, visitor=visitor.session, address=f"10.0.1.{number}")
        reply = asyncio.run(ask(visitor))
        assert (reply.refused, reply.data) == (True, MANY_OF_YOURS.sentence)
        crowd.visitors.remove(visitor.session)  # It has hung up, and its questions are dropped.
        assert httpx.post(f"{address}{API}/call/models", json={"data": []}).status_code == 200


def test_a_full_queue_is_told_to_programs_in_our_words(address):
    client = Client(address, verbose=False)
    with programs(address) as crowd:
        crowd.fill("explain", *SLOW)
        with pytest.raises(AppError) as caught:
            client.predict(api_name="/models")
        assert (caught.value.title, caught.value.message) == ("Busy", FULL.sentence)
        refused = httpx.post(f"{address}{API}/call/models", json={"data": []})
        assert (refused.status_code, refused.json()) == (503, {"detail": FULL.sentence})


def test_programs_at_one_address_leave_places_for_others(address):
    with programs(address) as crowd:
        for number in range(OF_AN_ADDRESS):
            name = f"program {number // OF_A_VISITOR}"
            assert crowd.ask("explain", *SLOW, visitor=name, address="10.0.0.1") == 200
        call = f"{address}{API}/call/models"
        refused = httpx.post(call, json={"data": []}, headers={"X-Forwarded-For": "10.0.0.1"})
        assert refused.status_code == 429
        assert refused.json() == {"detail": MANY_HERE.sentence}
        assert Client(address, verbose=False).predict(api_name="/models")["models"]


@pytest.mark.parametrize("route", ["run", "api"])
def test_nobody_passes_the_queue_by(address, route):
    answer = httpx.post(f"{address}{API}/{route}/models", json={"data": []})
    assert answer.status_code == 404
