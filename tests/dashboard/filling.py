"""Fills the queue of a server for tests, as many programs in many places would."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.visitor import API
from pokeclf.dashboard.places import FULL, OF_A_VISITOR
from tests.dashboard.conftest import PIKACHU


class Programs:
    """Programs that ask about a picture without waiting for the answers."""

    def __init__(self, http):
        self._http = http
        file = {"files": ("pikachu.png", Path(PIKACHU).read_bytes())}
        [self._path] = http.post(f"{API}/upload", files=file).json()
        self.visitors = set()

    def ask(self, endpoint, *arguments, visitor, address):
        """Ask once; the status that the server answers at once."""
        question = {"data": [{"path": self._path}, *arguments], "session_hash": visitor}
        # As a proxy on the same computer tells whom it speaks for.
        headers = {"X-Forwarded-For": address}
        called = self._http.post(f"{API}/call/{endpoint}", json=question, headers=headers)
        if called.status_code == 200:
            self.visitors.add(visitor)
        return called.status_code

    def fill(self, endpoint, *arguments, times=sys.maxsize, each=OF_A_VISITOR):
        """Ask so often, or until the queue is full.

        ``each`` is how often every program asks, at most as often as it may.
        """
        for number in range(times):
            crowd = number // each
            who = {"visitor": f"crowd {crowd}", "address": f"10.0.0.{crowd}"}
            if self.ask(endpoint, *arguments, **who) == FULL.status:
                return


@contextmanager
def programs(address):
    """Programs at a server, whose questions are dropped in the end."""
    with httpx.Client(base_url=address, timeout=60) as http:
        crowd = Programs(http)
        yield crowd
        for visitor in crowd.visitors:
            with http.stream("GET", f"{API}/queue/data", params={"session_hash": visitor}) as told:
                next(told.iter_lines())
        until = time.monotonic() + 60
        while http.get(f"{API}/queue/status").json()["queue_size"]:
            assert time.monotonic() < until
            time.sleep(0.1)
