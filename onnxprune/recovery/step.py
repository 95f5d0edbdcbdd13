"""One step of training: gradients of all samples of the step, in as many pieces as memory asks for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from onnxprune.errors import InputError
from onnxprune.lift.module import Lifted
from onnxprune.recovery.batches import Call, split
from onnxprune.recovery.distributed import Crew
from onnxprune.recovery.judge import tensors
from onnxprune.recovery.matching import Matching
from onnxprune.recovery.objective import Objective

_MEMORY = ("can't allocate memory", "out of memory")

Learn = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


class Pass:
    """Forward and backward. axes: where inputs hold their samples; warn: takes sentences for the user"""

    def __init__(
        self,
        teacher: Lifted,
        learn: torch.nn.Module,
        objective: Objective,
        matching: Matching,
        axes: Mapping[str, int],
        crew: Crew,
        warn: Callable[[str], None],
    ) -> None:
        self._teacher, self._learn, self._objective, self._matching = teacher, learn, objective, matching
        self._axes, self._crew, self._warn = axes, crew, warn
        self._parts = 1

    def __call__(self, calls: Sequence[Call]) -> float:
        """Add the gradients of a step's mean loss, and tell that loss. Raises InputError where memory is too short."""
        while True:
            try:
                return self._gradients(calls)
            except RuntimeError as error:
                if not any(text in str(error) for text in _MEMORY):
                    raise
            self._smaller(calls)

    def _smaller(self, calls: Sequence[Call]) -> None:
        rows = max(
            (v.shape[self._axes[name]] for call in calls for name, v in call.items() if name in self._axes), default=1
        )
        if self._parts >= rows:
            raise InputError("there is not enough memory to train on a single sample")
        self._parts *= 2
        self._warn(f"memory was short, so batches are taken in {self._parts} pieces")
        for parameter in self._learn.parameters():
            parameter.grad = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _gradients(self, calls: Sequence[Call]) -> float:
        pieces = [piece for call in calls for piece in self._pieces(call)]
        total, loss = sum(rows for _, rows in pieces), 0.0
        for number, (piece, rows) in enumerate(pieces):
            last = number + 1 == len(pieces)
            with nullcontext() if last else self._crew.alone(self._learn):
                part = self._loss(piece) * (rows / total)
                part.backward()
            loss += float(part.detach())
        return loss

    def _pieces(self, call: Call) -> list[tuple[Call, int]]:
        """Smaller calls, and how many samples each holds."""
        parts = [call] if self._parts == 1 or set(self._axes) != set(call) else split(call, self._axes, self._parts)
        return [(part, self._rows(part)) for part in parts]

    def _rows(self, call: Call) -> int:
        return next((int(np.shape(v)[self._axes[name]]) for name, v in call.items() if name in self._axes), 1)

    def _loss(self, call: Call) -> Tensor:
        feeds = tensors(call, self._crew.device)
        with self._cheaper():
            with torch.no_grad():
                wanted = self._teacher(feeds, self._matching.names)
            made = self._learn(feeds, self._matching.names)
        loss, further = self._objective(wanted, made), self._matching(wanted, made)
        return loss if further is None else loss + further

    def _cheaper(self) -> AbstractContextManager[object]:
        """Half precision where it pays."""
        if self._crew.device.type != "cuda":
            return nullcontext()
        halves: AbstractContextManager[object] = torch.autocast("cuda", torch.bfloat16)
        return halves
