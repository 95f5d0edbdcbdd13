"""What makes training quick on a processor, and changes nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from onnxprune.progress import Progress, Steps, silent

TRIALS = 3
"""Runs for each number of threads; the quickest counts."""


def channels_last(module: torch.nn.Module) -> None:
    """Lay kernels of convolutions out with their channels last, which what they make inherits."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def settle_threads(run: Callable[[], object], tell: Progress = silent) -> int:
    """Use all cores, or one alone where that is quicker, as it is when others use the machine; returns how many."""
    cores = torch.get_num_threads()
    if cores > 1:
        found, step = {}, Steps(tell, "timing steps with all threads and with one", 2 * TRIALS)
        for threads in (cores, 1):
            torch.set_num_threads(threads)
            found[threads] = min(_seconds(run) for _ in step.each(range(TRIALS)))
        torch.set_num_threads(min(found, key=found.__getitem__))
    return int(torch.get_num_threads())


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
