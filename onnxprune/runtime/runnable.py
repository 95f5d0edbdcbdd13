"""Inputs that a model is known to run on: try sizes until ONNX Runtime accepts them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from onnxprune.errors import InputError
from onnxprune.runtime.axes import CANDIDATES, InputSpec, Sizes
from onnxprune.runtime.dims import concrete_shapes
from onnxprune.runtime.inputs import input_specs, random_inputs
from onnxprune.runtime.run import run


def runnable_inputs(
    session: ort.InferenceSession,
    *,
    specs: Sequence[InputSpec] | None = None,
    seed: int = 0,
    dims: Mapping[str, int] | None = None,
    bounds: Mapping[str, int] | None = None,
    attempts: int = 6,
) -> dict[str, NDArray[Any]]:
    """Random inputs on which the model has been run once, after at most `attempts` guesses of sizes.

    `specs` stands in for the session's own inputs if the feeds must suit other models too. Raises InputError
    with ONNX Runtime's last words if the model runs on none of them.
    """
    wanted = input_specs(session) if specs is None else specs
    last: InputError | None = None
    tried = list(islice(_distinct(wanted, dims), max(attempts, 1)))
    for sizes in tried:
        feeds = random_inputs(wanted, seed=seed, dims=dims, bounds=bounds, sizes=sizes)
        try:
            run(session, feeds)
        except InputError as error:
            last = error
        else:
            return feeds
    raise InputError(f"the model runs on no random inputs (sizes tried: {len(tried)}): {last}") from last


def _distinct(specs: Sequence[InputSpec], dims: Mapping[str, int] | None) -> Iterator[Sizes]:
    """The candidates that make a difference to these inputs."""
    has_integers = any("int" in spec.dtype for spec in specs)
    seen = set()
    for sizes in CANDIDATES:
        shapes = concrete_shapes(specs, dims=dims, sizes=sizes)
        key = (tuple(shapes.values()), sizes.bound if has_integers else None)
        if key not in seen:
            seen.add(key)
            yield sizes
