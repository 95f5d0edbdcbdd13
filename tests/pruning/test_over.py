"""What a limit of loss searches over: options and what they leave open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Target
from onnxprune.pruning.over import Over, over

HALF, FAST = Target("params", 0.5), Target("latency", 0.3)


@pytest.mark.parametrize(
    ("passes", "options", "found"),
    [
        ([], {}, Over("macs")),
        ([], {"target": HALF}, Over("params")),
        ([], {"target": FAST}, Over("latency")),
        (["channels", "sparsify{sparsity=0.5}"], {}, Over("macs")),
        (["channels", "sparsify{pattern=2:4}"], {}, Over("macs")),
        (["channels", "sparsify{sparsity=0.5}"], {"target": FAST}, Over("latency")),
        (["sparsify"], {}, Over("sparsity")),
        (["sparsify{pattern=auto}"], {"provider": "sparse"}, Over("sparsity")),
        (["sparsify{pattern=2:4,least=9000}", "sparsify"], {}, Over("sparsity")),
        (["channels{ratio=0.2}", "sparsify"], {}, Over("sparsity")),
        (["sparsify"], {"target": FAST}, Over("latency")),
        (["sparsify{pattern=2:4}"], {"target": FAST}, Over("latency")),
        (["channels{ratio=0.2}", "sparsify"], {"target": FAST}, Over("latency")),
        (["channels", "sparsify"], {"target": FAST}, Over("latency", mixed=True)),
        (["channels", "sparsify"], {"provider": "sparse"}, Over("latency", mixed=True)),
        (["channels", "sparsify"], {"sparse_format": "op"}, Over("latency", mixed=True)),
        (["sparsify{sparsity=0.5}"], {"plan": Path("plan.json")}, Over("macs")),
    ],
)
def test_what_is_open(passes: list[str], options: dict[str, Any], found: Over) -> None:
    assert over(Options(passes=passes, **options)) == found


@pytest.mark.parametrize(
    ("passes", "options", "text"),
    [
        (["sparsify{sparsity=0.7}"], {}, "and the passes named say that themselves (leave out sparsity)"),
        (["sparsify{sparsity=0.7}"], {"target": FAST}, "say that themselves"),
        (["sparsify{pattern=2:4}"], {}, "the pattern 2:4 always has 50% of them"),
        (["channels{ratio=0.5}"], {}, "no pass can have a ratio of its own"),
        (["channels{ratio=0.5}", "sparsify{sparsity=0.5}"], {}, "no pass can have a ratio of its own"),
        (["channels", "sparsify"], {}, "units and zeros are both left open, and only a time weighs"),
        (["channels", "sparsify"], {"target": HALF, "provider": "sparse"}, "aim at one (--target latency=0.3)"),
        (["sparsify"], {"target": HALF}, "--target params=0.5: with these passes --max-loss searches for how many"),
        (["channels{ratio=0.5}", "sparsify"], {"target": HALF}, "no target but latency counts"),
    ],
)
def test_what_makes_no_sense(passes: list[str], options: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        over(Options(passes=passes, **options))
    assert text in str(caught.value)


def test_what_is_aimed_at_is_told_as_a_user_would_ask_for_it() -> None:
    assert [Over("sparsity").spelled(k / 50) for k in (1, 19, 49)] == [
        "sparsity=0.98",
        "sparsity=0.62",
        "sparsity=0.02",
    ]
    assert Over("macs").spelled(0.38) == "macs=0.38"
