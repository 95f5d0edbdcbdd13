"""Several processes that train one model, as torchrun starts them; one process alone is the usual case.

Every process takes its share of the samples, and gradients are averaged by torch's DistributedDataParallel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch.nn.parallel import DistributedDataParallel

from onnxprune.errors import InputError


@dataclass(frozen=True, slots=True)
class Crew:
    """rank: which process this is; size: of how many; device: what it computes on"""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process judges, tells and writes."""
        return self.rank == 0

    def wrap(self, module: torch.nn.Module) -> torch.nn.Module:
        """A module whose gradients are those of all processes together."""
        return module if self.size == 1 else DistributedDataParallel(module)

    def alone(self, module: torch.nn.Module) -> AbstractContextManager[None]:
        """While more gradients are to be added, processes needn't hear of each other's."""
        waits: AbstractContextManager[None] = nullcontext() if self.size == 1 else module.no_sync()
        return waits

    def agree(self, value: float) -> float:
        """The first process's number, for all."""
        if self.size == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(told, 0)
        return float(told)

    def any(self, value: bool) -> bool:
        """Whether it is so in any process."""
        if self.size == 1:
            return value
        told = torch.tensor([float(value)], device=self.device)
        torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX)
        return bool(told)


@contextmanager
def crew(device: str = "") -> Iterator[Crew]:
    """The processes that torchrun started, or this one alone. device: `cpu`, `cuda`; empty: a GPU where there is one.

    Raises InputError for a device that isn't there.
    """
    if device not in ("", "cpu", "cuda"):
        raise InputError(f"no device '{device}' to train on; there are cpu, cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("no GPU was found to train on, or torch was built without CUDA")
    gpu = device == "cuda" or (device == "" and torch.cuda.is_available())
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if gpu else torch.device("cpu")
    if size == 1:
        yield Crew(0, 1, chosen)
        return
    torch.distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        yield Crew(rank, size, chosen)
    finally:
        torch.distributed.destroy_process_group()
