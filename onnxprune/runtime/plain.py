"""Loading models without the layout of one kind of processor.

At its level "all", ONNX Runtime's optimiser lays tensors out in blocks of as many channels as suit the processor that
it runs on. How many these are, a file doesn't say; ONNX Runtime, asked to optimise a small model, tells how many they
are here. An undone layout counts only where the plain model was seen to compute what the file computes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.graph import Model, Unclear, block_of, has_blocks, index_bounds, load, one_convolution, save, unblock
from onnxprune.runtime.session import session_options
from onnxprune.runtime.verdict import Plan
from onnxprune.runtime.verify import Proof, verify

MAX_SECONDS = 60.0

CHANGED = (
    "its weights are laid out in blocks of channels for one kind of processor, and undoing that changes what it "
    "computes here ({}); give the model as it was before, or optimised at the level 'extended'"
)


@dataclass(slots=True)
class PlainFile:
    """A model file, to be loaded without the layout of its tensors in blocks, as often as it takes.

    dims: sizes of open dimensions, by symbol; found: the oracle's verdict on the plain model beside the file, once
    there was something to undo
    """

    path: Path
    dims: Mapping[str, int] | None = None
    seed: int = 0
    found: Proof | None = None

    def load(self) -> Model:
        """Load the model (see `onnxprune.graph.load`) and undo the layout.

        Where the layout isn't understood, or the two models can't be compared, the model is returned as it is in the
        file. Raises InputError for an unusable file, and where the plain model differs from it.
        """
        model = load(self.path)
        if not has_blocks(model):
            return model
        try:
            unblock(model, block_size())
        except Unclear:
            return load(self.path)
        self.found = self.found or self._compare(model)
        if self.found.status == "failed":
            raise InputError(f"{self.path}: {CHANGED.format(self.found.reason)}")
        return model if self.found.ok else load(self.path)

    def _compare(self, model: Model) -> Proof:
        plan = Plan(bounds=index_bounds(model.graph))
        with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
            plain = Path(folder) / self.path.name
            save(model, plain)
            try:
                return verify(self.path, plain, plan=plan, dims=self.dims, seed=self.seed, max_seconds=MAX_SECONDS)
            except InputError as reason:
                return Proof("skipped", reason=str(reason))


@cache
def block_size() -> int:
    """Channels of a block on this processor; 0 where ONNX Runtime lays nothing out in blocks."""
    options = session_options()
    with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
        saved = Path(folder) / "probe.onnx"
        options.optimized_model_filepath = str(saved)
        ort.InferenceSession(one_convolution(), options, providers=["CPUExecutionProvider"])
        return block_of(load(saved))
