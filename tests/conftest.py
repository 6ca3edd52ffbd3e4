"""What all tests share: small checkpoints, and how many examples Hypothesis thinks of."""

from __future__ import annotations

import hypothesis
import pytest

from tests.tiny_checkpoints import write_random_checkpoint

# The same examples every time, and few of them; the fuzzer thinks of more.
hypothesis.settings.register_profile(
    "steady",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of checkpoints: two models with random weights."""
    root = tmp_path_factory.mktemp("checkpoints")
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(root, model)
    return root
