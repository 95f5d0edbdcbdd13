"""What a random graph is made of: a few settings, and steps that have a seed each.

A recipe is all that a graph depends on, so that a graph can be made again from one line of text, and dropping a step
leaves what the others draw as it was.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

SEEDS = 2**16

OPSETS = (11, 13, 17, 18, 21, 23)
STARTS = ("image", "sequence", "flat", "ids")
OPEN = ("", "batch", "length", "both")
STORED = ("initializers", "nodes", "mixed")
ENDS = ("heads", "heads", "apart", "apart", "bare")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A random graph.

    start: the layout of the input; open: which lengths are known only at run time; stored: how constants are stored;
    shared: whether steps may use one another's weights; half: float16 throughout; ends: the outputs are contractions
    of the last tensors, added up or apart, or the tensors themselves; seed: of everything but the steps
    """

    steps: tuple[tuple[str, int], ...]
    opset: int = 18
    start: str = "sequence"
    open: str = ""
    stored: str = "initializers"
    shared: bool = False
    half: bool = False
    ends: str = "heads"
    seed: int = 0

    def __len__(self) -> int:
        return len(self.steps)

    def without(self, k: int) -> Recipe:
        """The same without the step at `k`."""
        return replace(self, steps=self.steps[:k] + self.steps[k + 1 :])

    def plainer(self) -> list[Recipe]:
        """The same with one setting at its simplest."""
        plain = Recipe(())
        changes = [(f, getattr(plain, f)) for f in ("open", "stored", "shared", "half", "ends", "seed")]
        return [replace(self, **{f: value}) for f, value in changes if getattr(self, f) != value]


def drawn(seed: int, names: Sequence[str], most: int = 12) -> Recipe:
    """The recipe of a seed, from steps of these names."""
    rng = random.Random(seed)
    steps = tuple((rng.choice(names), rng.randrange(SEEDS)) for _ in range(rng.randint(1, most)))
    return Recipe(
        steps,
        rng.choice(OPSETS),
        rng.choice(STARTS),
        rng.choice(OPEN) if rng.random() < 0.4 else "",
        rng.choice(STORED),
        rng.random() < 0.3,
        rng.random() < 0.08,
        rng.choice(ENDS),
        rng.randrange(SEEDS),
    )


def recipes(names: Sequence[str], most: int = 8) -> st.SearchStrategy[Recipe]:
    """The same as a strategy of Hypothesis, which knows how to make what fails smaller."""
    steps = st.lists(st.tuples(st.sampled_from(names), st.integers(0, SEEDS - 1)), min_size=1, max_size=most)
    return st.builds(
        Recipe,
        steps.map(tuple),
        st.sampled_from(OPSETS),
        st.sampled_from(STARTS),
        st.sampled_from(OPEN),
        st.sampled_from(STORED),
        st.booleans(),
        st.integers(0, 11).map(lambda n: n == 11),
        st.sampled_from(ENDS),
        st.integers(0, SEEDS - 1),
    )
