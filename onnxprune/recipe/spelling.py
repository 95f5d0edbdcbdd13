"""Sentences about options of the command line, told of a recipe's keys."""

from __future__ import annotations

import re

from onnxprune.recipe.keys import OPTIMIZE

_OTHERS = {"dim": "dims", "no_bench": "bench", "no_verify": "verify", "no_mask_weights": "mask_weights"}


def of_keys(sentence: object) -> str:
    """The sentence with `max_loss` for `--max-loss`."""
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", _key, str(sentence))


def _key(found: re.Match[str]) -> str:
    name = found[1].replace("-", "_")
    name = _OTHERS.get(name, name)
    return name if name in OPTIMIZE else found[0]
