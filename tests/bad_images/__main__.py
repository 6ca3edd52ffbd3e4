"""``python -m tests.bad_images``: decode every hostile and odd file, and say what came of each.

A line of JSON for each: its name, and the fields of :class:`~tests.bad_images.trial.Outcome`.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from tests.bad_images import corpus
from tests.bad_images.trial import attempt, bound_memory, bound_time

if __name__ == "__main__":
    files = corpus()
    bound_memory()
    for name, data in files.items():
        bound_time()
        print(json.dumps({"name": name, **asdict(attempt(data))}), flush=True)
