"""Gradients of a lifted model's loss, sample by sample: what is kept of them is no larger than the model.

Nothing is trained: the model is the dense one, in inference mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from onnxprune.calibration import Sample, Samples
from onnxprune.errors import InputError
from onnxprune.lift.dtypes import to_torch
from onnxprune.lift.losses import Loss, Unlabelled, task
from onnxprune.lift.module import Lifted
from onnxprune.progress import Progress, counted

Array = np.ndarray
Told = dict[tuple[str, str], Array]

DRAWS = 64
"""Random directions that the Hessian is multiplied with, over all samples."""


def loss_of(
    lifted: Lifted, samples: Samples, kind: str, seed: int = 0, fixed: Mapping[str, Array] | None = None
) -> Loss:
    """The task's where samples have labels, else the one without labels of that kind (see `onnxprune.lift.losses`);
    what is explained is always what the model says."""
    further, loss = _tensors(fixed or {}), Unlabelled(kind, seed)
    with torch.no_grad():
        for sample in samples:
            if sample.label is not None and kind != "explained":
                return task
            if not loss.survey(lifted({**_tensors(sample.feeds), **further})):
                break
    return loss


def by_weights(lifted: Lifted, samples: Samples, loss: Loss, names: tuple[str, str], tell: Progress) -> Told:
    """Means over samples of the gradient and of its square, by the names of stored tensors.

    names: what the two are called; an empty one isn't wanted
    """
    leaves = dict(lifted.named_parameters())
    sums = {(name, leaf): torch.zeros_like(p) for name in names if name for leaf, p in leaves.items()}
    for found in _each(lifted, samples, loss, list(leaves.values()), {}, tell):
        for leaf, gradient in zip(leaves, found, strict=True):
            if gradient is not None and names[0]:
                sums[names[0], leaf] += gradient
            if gradient is not None and names[1]:
                sums[names[1], leaf].addcmul_(gradient, gradient)
    return {key: (total / len(samples)).numpy() for key, total in sums.items()}


def by_sample(
    lifted: Lifted, samples: Samples, loss: Loss, names: Sequence[str], tell: Progress
) -> Iterator[dict[str, Array]]:
    """For every sample the gradients by those stored tensors of some names that it reaches; nothing where none of them
    is learned."""
    leaves = {name: p for name, p in lifted.named_parameters() if name in set(names)}
    if not leaves:
        return
    for found in _each(lifted, samples, loss, list(leaves.values()), {}, tell):
        yield {name: g.numpy() for name, g in zip(leaves, found, strict=True) if g is not None}


def by_inputs(
    lifted: Lifted, samples: Samples, loss: Loss, fixed: Mapping[str, Array], tell: Progress
) -> Iterator[Arrays]:
    """For every sample the gradients by further inputs that are floats and the same for all samples."""
    further = _tensors(fixed)
    leaves = {name: value.requires_grad_() for name, value in further.items() if value.is_floating_point()}
    for found in _each(lifted, samples, loss, list(leaves.values()), further, tell):
        yield {name: g.numpy() for name, g in zip(leaves, found, strict=True) if g is not None}


Arrays = dict[str, Array]


def curvature(lifted: Lifted, samples: Samples, loss: Loss, seed: int, tell: Progress) -> dict[str, Array]:
    """The diagonal of the Hessian by stored tensors: the mean of v * Hv over random signs v (Hutchinson 1990).

    Raises InputError where something can't be differentiated twice.
    """
    leaves, random = dict(lifted.named_parameters()), torch.Generator().manual_seed(seed)
    values = list(leaves.values())
    each = max(-(-DRAWS // len(samples)), 1)
    totals = [torch.zeros_like(value) for value in values]
    for number, sample in enumerate(samples):
        tell(counted("curvature on sample", number, len(samples)))
        first = torch.autograd.grad(_value(lifted, sample, loss, {}), values, create_graph=True, allow_unused=True)
        there = [at for at, g in enumerate(first) if g is not None and g.requires_grad]
        for draw in range(each if there else 0):
            signs = [torch.randint(0, 2, values[at].shape, generator=random) * 2.0 - 1 for at in there]
            second = _products([first[at] for at in there], [values[at] for at in there], signs, draw + 1 < each)
            for at, sign, product in zip(there, signs, second, strict=True):
                if product is not None:
                    totals[at] += sign * product
    many = each * len(samples)
    return {name: (total / many).detach().numpy() for name, total in zip(leaves, totals, strict=True)}


def _products(
    first: Sequence[Tensor], values: Sequence[Tensor], signs: Sequence[Tensor], more: bool
) -> Sequence[Tensor | None]:
    try:
        found = torch.autograd.grad(first, values, signs, retain_graph=more, allow_unused=True)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"the model can't be differentiated twice, which curvature takes: {reason}") from error
    return tuple(found)


def regional(lifted: Lifted, samples: Samples, made: Mapping[str, Sequence[str]], tell: Progress) -> dict[str, Array]:
    """The root of the mean square over samples of the gradient of |what a block makes|, by the stored tensors in it.

    made: what a block gives out -> the stored tensors in it
    """
    leaves = dict(lifted.named_parameters())
    inside = {output: [n for n in names if n in leaves] for output, names in made.items()}
    totals = {n: torch.zeros_like(leaves[n]) for names in inside.values() for n in names}
    for number, sample in enumerate(samples):
        tell(counted("gradients of blocks on sample", number, len(samples)))
        kept = lifted(_tensors(sample.feeds), keep=list(inside))
        for output, names in inside.items():
            if not names or output not in kept or not kept[output].requires_grad:
                continue
            norm = torch.linalg.vector_norm(kept[output].float())
            found = torch.autograd.grad(norm, [leaves[n] for n in names], retain_graph=True, allow_unused=True)
            for name, gradient in zip(names, found, strict=True):
                if gradient is not None:
                    totals[name].addcmul_(gradient, gradient)
    return {name: (total / len(samples)).sqrt().numpy() for name, total in totals.items()}


def _each(
    lifted: Lifted,
    samples: Samples,
    loss: Loss,
    leaves: Sequence[Tensor],
    further: Mapping[str, Tensor],
    tell: Progress,
) -> Iterator[Sequence[Tensor | None]]:
    """For every sample the gradients by some tensors."""
    for number, sample in enumerate(samples):
        tell(counted("gradients of sample", number, len(samples)))
        yield torch.autograd.grad(_value(lifted, sample, loss, further), leaves, allow_unused=True)


def _value(lifted: Lifted, sample: Sample, loss: Loss, further: Mapping[str, Tensor]) -> Tensor:
    label = None if sample.label is None else to_torch(sample.label)
    value = loss(lifted({**_tensors(sample.feeds), **further}), label)
    if not value.requires_grad:
        raise InputError("what the model gives out doesn't depend on anything that could be pruned")
    return value


def _tensors(feeds: Mapping[str, Array]) -> dict[str, Tensor]:
    return {name: to_torch(np.asarray(values)) for name, values in feeds.items()}
