"""Places in the queue: whose turn it is, how many one visitor may have, and what those are told
who get none.

Gradio's clients have fixed words of their own for status 503, and ``gradio_client`` makes a
traceback of any other. So they are told where they listen for answers, as they are of every
mistake; whoever calls by plain HTTP gets a status and the sentence at once.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import fastapi
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, Queue
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import error_payload

from pokeclf.dashboard import notices
from pokeclf.errors import PokeclfError

PLACES = 200
"""Requests that wait at most."""
OF_A_VISITOR = PLACES // 4
"""Requests of one page or one program that wait or are answered at a time, at most. A person in a
hurry has up to ten; a program that sends more than this can as well wait for some answers."""
OF_AN_ADDRESS = 3 * PLACES // 4
"""The same of one address, whose program may call itself another visitor each time. It may also be
a school: fifty people have about one request each, and three each still fit. What is left is for
everybody else."""
MOST_UNHEARD = 1000
"""Visitors who may have been told without having listened yet; the first are forgotten."""


@dataclass(frozen=True)
class Refusal:
    """Why a request gets no place: one sentence, and the HTTP status that goes with it."""

    status: int
    sentence: str


FULL = Refusal(503, "Many people are using this server right now; please try again in a minute.")
MANY_HERE = Refusal(
    429,
    "Many people at your address are using this server right now; please try again in a minute.",
)
MANY_OF_YOURS = Refusal(
    429,
    f"{OF_A_VISITOR} of your questions are still to be answered; "
    "please wait for some of the answers before you ask more.",
)


class Places:
    """The places in a queue of Gradio's."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._told: OrderedDict[str, str] = OrderedDict()  # each visitor's last refusal

    def refusal(self, visitor: str | None, address: str | None) -> Refusal | None:
        """Why another request gets no place; None when it gets one.

        Parameters
        ----------
        visitor : Gradio's hash of the session; None where each request is a visitor of its own.
        address : the client's; None where it is not known.
        """
        if len(self._queue) >= PLACES:
            return FULL
        taken = list(self._taken())
        if sum(each.session_hash == visitor for each in taken) >= OF_A_VISITOR:
            return MANY_OF_YOURS
        if sum(address_of(each.request) == address for each in taken) >= OF_AN_ADDRESS:
            return MANY_HERE
        return None

    def take_turns(self) -> None:
        """Let every visitor's first request of a lane come before anybody's second, and so on.

        Whoever asks for much waits for it; whoever asks for one thing waits for one of each.
        """
        for lane in self._queue.event_queue_per_concurrency_id.values():
            asked: Counter[str] = Counter()
            turns = []
            for event in lane.queue:
                turns.append(asked[event.session_hash])
                asked[event.session_hash] += 1
            order = sorted(range(len(turns)), key=turns.__getitem__)
            if order != list(range(len(turns))):
                lane.queue[:] = [lane.queue[place] for place in order]
                self._queue.broadcast_estimations(lane.concurrency_id)

    def _taken(self) -> Iterator[Event]:
        """What waits, and what is answered now."""
        waiting = (lane.queue for lane in self._queue.event_queue_per_concurrency_id.values())
        return chain(*waiting, *filter(None, self._queue.active_jobs))

    def refuse(self, body: PredictBodyInternal, refusal: Refusal) -> tuple[bool, str, str]:
        """Tell a visitor; what Gradio's ``push`` gives.

        Raises
        ------
        HTTPException
            For a call by plain HTTP, and for a visitor who has not listened to the last refusal:
            whoever never listens shall not fill the memory.
        """
        visitor = body.session_hash
        if body.simple_format or visitor is None or self._is_unheard(visitor):
            raise fastapi.HTTPException(refusal.status, refusal.sentence)
        return True, self._tell(visitor, refusal.sentence), "success"

    def _is_unheard(self, visitor: str) -> bool:
        """Whether the visitor has been told something and has not listened."""
        pending = self._queue.pending_event_ids_session.get(visitor, ())
        return self._told.get(visitor) in pending

    def _tell(self, visitor: str, sentence: str) -> str:
        """Answer a request as a listener that fails does; returns the number of the answer."""
        event, queue = uuid.uuid4().hex, self._queue
        failure = error_payload(notices.as_failure(PokeclfError(sentence)), show_error=False)
        message = ProcessCompletedMessage(
            output={**failure, "title": "Busy"}, title="Busy", success=False, event_id=event
        )
        if visitor not in queue.pending_messages_per_session:
            queue.pending_messages_per_session[visitor] = asyncio.Queue()
        queue.pending_messages_per_session[visitor].put_nowait(message)
        queue.pending_event_ids_session.setdefault(visitor, set()).add(event)
        self._told[visitor] = event
        self._told.move_to_end(visitor)
        if len(self._told) > MOST_UNHEARD:
            self._forget(*self._told.popitem(last=False))
        return event

    def _forget(self, visitor: str, event: str) -> None:
        """Let go of a refusal that nobody has listened to."""
        pending = self._queue.pending_event_ids_session.get(visitor, set())
        if pending == {event}:
            del self._queue.pending_event_ids_session[visitor]
            self._queue.pending_messages_per_session.pop(visitor, None)
        pending.discard(event)


def address_of(request: fastapi.Request) -> str | None:
    """Where a request comes from, as far as the server knows."""
    return request.client.host if request.client else None
