"""How far a student is from its teacher on data held out: the loss that is trained, and fidelity as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from onnxprune.calibration import Data
from onnxprune.lift.module import Lifted
from onnxprune.progress import Progress, Stage, Steps, silent
from onnxprune.recovery.objective import Objective
from onnxprune.recovery.student import Student
from onnxprune.runtime.fidelity import FidelityMeter

SAMPLES = 512
BYTES = 2**28
"""Of inputs and teacher's outputs that are held."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """loss: of the objective; fidelity: the loss between 0 and 1 that `onnxprune compare` tells"""

    loss: float
    fidelity: float


class Judge:
    """Holds some of the data and what the teacher makes of them."""

    def __init__(
        self, teacher: Lifted, data: Data, objective: Objective, device: torch.device, tell: Progress = silent
    ) -> None:
        self._tell = tell
        self._objective = objective
        self._device = device
        self._held: list[tuple[dict[str, Tensor], dict[str, Tensor], int]] = []
        size = rows = 0
        most = min(sum(data.rows), SAMPLES)
        for index in range(len(data)):
            tell(Stage("running the dense model on data held out", rows, most))
            feeds = tensors(data[index], device)
            with torch.no_grad():
                made = {name: value for name, value in teacher(feeds).items() if value.is_floating_point()}
            self._held.append((feeds, made, data.rows[index]))
            size += sum(v.numel() * v.element_size() for v in (*feeds.values(), *made.values()))
            rows += data.rows[index]
            if rows >= SAMPLES or size >= BYTES:
                break

    def __call__(self, student: Student) -> Verdict:
        """What a student loses."""
        meter, losses, rows = FidelityMeter(), 0.0, 0
        with torch.no_grad():
            step = Steps(self._tell, "judging on data held out", len(self._held))
            for feeds, wanted, count in step.each(self._held):
                made = student(feeds)
                losses += float(self._objective(wanted, made)) * count
                rows += count
                meter.update(*({name: _host(v[name]) for name in wanted} for v in (wanted, made)))
        return Verdict(losses / rows, meter.result().loss)


def tensors(call: Mapping[str, np.ndarray], device: torch.device) -> dict[str, Tensor]:
    """A call's arrays as torch takes them; halves as singles, for numpy's other types have no counterpart."""
    found = {}
    for name, values in call.items():
        wide = values.astype(np.float32) if values.dtype.name in ("float16", "bfloat16") else values
        found[name] = torch.from_numpy(np.require(wide, requirements=["C", "W"])).to(device)
    return found


def _host(value: Tensor) -> np.ndarray:
    return np.asarray(value.detach().float().cpu().numpy())
