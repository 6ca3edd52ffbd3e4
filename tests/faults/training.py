"""``python -m tests.faults.training``: ``python -m train`` with recipes that take seconds."""

from __future__ import annotations

import sys

from pokeclf import study
from tests.small_study import small_study
from train.__main__ import main

if __name__ == "__main__":
    study.STUDY = small_study()
    study.BY_ID = {model.id: model for model in study.STUDY}
    sys.exit(main())
