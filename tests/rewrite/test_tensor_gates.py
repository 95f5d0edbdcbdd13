"""What a gated model is fed: the same from tensors as from arrays, and gradients that are right."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.coupling.masks import Gates
from onnxprune.coupling.terms import Atom, Product, Sum, concat, product
from onnxprune.recovery.masks.tensor_gates import TensorGates
from tests.coupling.cases import Case
from tests.rewrite.test_gates import CASES, gates_of

RANDOM = np.random.default_rng(0)


def test_the_mask_of_a_product_and_of_a_sum_by_hand() -> None:
    """(h d) and (h + d), with h = [1, 0.5] and d = [0.2, 0, 1]."""
    h, d = Atom(2), Atom(3)
    gates = TensorGates({h: torch.tensor([1, 0.5]), d: torch.tensor([0.2, 0, 1])})
    torch.testing.assert_close(gates.mask(product(h, d)), torch.tensor([0.2, 0, 1, 0.1, 0, 0.5]))
    torch.testing.assert_close(gates.mask(concat(h, d)), torch.tensor([1, 0.5, 0.2, 0, 1]))
    torch.testing.assert_close(gates.mask(Atom(2)), torch.ones(2))
    torch.testing.assert_close(gates.mask(Sum(())), torch.ones(0))
    assert float(gates.share(concat(h, d))) == pytest.approx(2.7 / 5) and gates.share(Atom(None)) == 1.0


def test_gradients_pass_through_products_and_sums() -> None:
    """d/dh of the sum over (h (d + h)): every unit of h meets the sum of the others, and counts twice."""
    h, d = Atom(2), Atom(2)
    values = torch.tensor([0.5, 0.25], requires_grad=True)
    gates = TensorGates({h: values, d: torch.tensor([1.0, 0.5])})
    gates.mask(Product((h, concat(d, h)))).sum().backward()
    torch.testing.assert_close(values.grad, torch.full((2,), 1.5 + 2 * 0.75))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tensors_feed_what_arrays_feed(case: Case) -> None:
    made, _ = gates_of(case.text, case.opset)
    drawn = {atom: RANDOM.uniform(0, 1, atom.size or 0) for atom in made.atoms.values()}
    arrays, tensors = Gates(drawn), TensorGates({atom: torch.tensor(gate) for atom, gate in drawn.items()})
    for name, feed in made.inputs.items():
        got = torch.as_tensor(feed.values(tensors)).numpy().astype(feed.kind)
        np.testing.assert_allclose(got.astype(float), feed(arrays).astype(float), rtol=1e-6, err_msg=name)
        assert got.shape == feed(arrays).shape, name
