"""A lifted gated model with a logit for every unit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onnxprune.coupling.terms import Atom
from onnxprune.lift.module import Lifted
from onnxprune.recovery.masks.gates import GATES, LEAST, Straight
from onnxprune.recovery.masks.method import Method
from onnxprune.recovery.masks.tensor_gates import TensorGates
from onnxprune.recovery.masks.units import Units
from onnxprune.recovery.student import Student

Fed = Mapping[str, Callable[[Any], Any]]
"""Further input of a gated model -> what it is fed under some gates."""

CLOSE = 0.5
"""Logits are brought so near to the line once the widths are known, for units to change places again."""

SMOOTH = 0.9
"""How much of what a unit was of use before counts beside the present step."""


class Masked(torch.nn.Module):
    """A model under gates. fed: what the further inputs are fed; weights: whether they are trained as well"""

    def __init__(
        self, lifted: Lifted, fed: Fed, groups: Sequence[Units], method: Method, *, weights: bool = False
    ) -> None:
        super().__init__()
        self.student, self.groups, self.weights = Student(lifted), list(groups), weights
        self.student.requires_grad_(weights)
        self._fed = fed
        self.gate = GATES[method.gate]()
        self.free = [group for group in groups if group.trained]
        near, sure, gone = self.gate.near, self.gate.sure, self.gate.gone
        starts = [np.full(g.size, sure) if method.open else g.ranks(near, sure, gone) for g in self.free]
        first = np.concatenate([*starts, np.zeros(0)]) + self.gate.middle
        self.logits = torch.nn.Parameter(torch.tensor(first, dtype=torch.float32))
        self.register_buffer("uniform", torch.full_like(self.logits.detach(), 0.5))
        self.held: Mapping[str, np.ndarray] | None = None
        self.widths: list[int] = []
        self.noise = 0.0
        """How far logits are drawn from what they are, once widths are settled: a unit that does nothing has no
        gradient, and is found out only where others take its place."""
        self._use: Tensor | None = None

    def forward(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Tensor]:
        """What the model makes of feeds, under the gates that were drawn last or, where `held` is set, under those."""
        values = self._held(self.held) if self.held is not None else self.gates()
        gates, device = TensorGates(values), self.logits.device
        further = {name: torch.as_tensor(feed(gates), device=device) for name, feed in self._fed.items()}
        made: dict[str, Tensor] = self.student({**feeds, **further}, keep)
        return made

    def optimizer(self, rate: float) -> torch.optim.Optimizer:
        """Adam on logits, and on weights in proportion to their size. rate: of weights of size 1; logits: see `gate`"""
        found: list[dict[str, Any]] = [{"params": [self.logits], "rate": self.gate.rate}]
        if self.weights:
            found += [{"params": params, "rate": rate * size} for size, params in self.student.groups()]
        return torch.optim.Adam(found, lr=0.0, betas=(0.9, 0.99))

    def draw(self, generator: torch.Generator) -> None:
        """Other numbers for gates that are drawn."""
        if self.gate.noisy:
            drawn = torch.rand(len(self.uniform), generator=generator)
            self.uniform.copy_(drawn)

    def gates(self) -> dict[Atom, Tensor]:
        """The gates that were drawn last, by what a group is in the gated model."""
        parts = self._parts(self.drawn())
        found = {g.atom: part for g, part in zip(self.free, parts, strict=True) if g.atom is not None}
        return found | self._held({g.name: g.keep for g in self.groups if not g.trained})

    def drawn(self) -> Tensor:
        """The gates of all units that are trained; once groups have widths, 1 for so many of the best units of each and
        0 for the others."""
        if self.widths:
            logits = self.logits + self.noise * torch.logit(self.uniform, LEAST) if self.gate.noisy else self.logits
            return Straight().values(logits - self._lines(logits), self.uniform)
        return self.gate.values(self.logits, self.uniform)

    def settle(self, widths: Mapping[str, int]) -> None:
        """Let groups be so wide from now on: what remains to be learned is which units stay."""
        self.widths = [widths[group.name] for group in self.free]
        with torch.no_grad():
            self.logits.copy_((self.logits - self._lines(self.logits)).clamp(-CLOSE, CLOSE))

    @property
    def by_name(self) -> dict[str, int]:
        """The widths that are settled, by group."""
        return {group.name: width for group, width in zip(self.free, self.widths, strict=True)}

    def best(self, widths: Mapping[str, int]) -> dict[str, np.ndarray]:
        """Bool [units] by group: so many of the best units."""
        found = {}
        for name, logits in self.named(self.logits).items():
            found[name] = np.zeros(len(logits), bool)
            found[name][np.argsort(-logits, kind="stable")[: widths[name]]] = True
        return found

    def level(self) -> None:
        """Take off the logits' gradients what the last unit that stays is of use, by group: with widths settled, only
        what is of more use than that should rise, and Adam would lift all that is of any."""
        gradient = self.logits.grad
        if gradient is not None and bool(torch.isfinite(gradient).all()):
            self._use = gradient.neg() if self._use is None else SMOOTH * self._use - (1 - SMOOTH) * gradient
            gradient += self._lines(self._use)

    def _lines(self, values: Tensor) -> Tensor:
        """What parts the highest numbers of every group, as many as it is wide, from the others; for each unit."""
        found = []
        for width, part in zip(self.widths, self._parts(values.detach()), strict=True):
            ranked = part.sort(descending=True).values
            line = ranked[width - 1 : width + 1].mean() if width < len(part) else ranked[-1] - 1
            found.append(line.expand(len(part)))
        return torch.cat(found)

    def counts(self) -> dict[Atom, Tensor]:
        """How many units of every group are expected, by what a group is in the cost; no fewer than have to stay."""
        parts = self._parts(self.gate.expected(self.logits))
        found = {g.costed: part.sum().clamp_min(g.least) for g, part in zip(self.free, parts, strict=True)}
        fixed = {g.costed: torch.tensor(float(g.keep.sum())) for g in self.groups if not g.trained}
        return found | {atom: count.to(self.logits.device) for atom, count in fixed.items()}

    def clamp(self) -> None:
        """Keep logits where they have gradients."""
        middle, sure = self.gate.middle, self.gate.sure
        if not self.widths:
            with torch.no_grad():
                self.logits.clamp_(middle - sure, middle + sure)

    def named(self, values: Tensor) -> dict[str, np.ndarray]:
        """Numbers of units by group."""
        parts = self._parts(values.detach())
        return {g.name: part.double().cpu().numpy() for g, part in zip(self.free, parts, strict=True)}

    def _parts(self, values: Tensor) -> Sequence[Tensor]:
        parts: Sequence[Tensor] = values.split([group.size for group in self.free])
        return parts

    def _held(self, keep: Mapping[str, np.ndarray]) -> dict[Atom, Tensor]:
        like = self.logits
        return {
            g.atom: torch.as_tensor(keep[g.name], dtype=like.dtype, device=like.device)
            for g in self.groups
            if g.name in keep and g.atom is not None
        }
