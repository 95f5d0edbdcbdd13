"""Relevance: nothing is lost on the way back, and nothing changes on the way forward."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.lift.module import Lifted
from onnxprune.lift.relevance import Relevance
from tests.lift.comparing import lifted

NETS = {
    "dense": "g (float[4,5] x) => (float[4,3] y) <float[5,6] a, float[6,6] b, float[3,6] c>"
    " { h = MatMul(x, a) r = Relu(h) k = MatMul(r, b) s = Relu(k) y = Gemm <transB = 1> (s, c) }",
    "conv": "g (float[2,3,6,6] x) => (float[2,4] y) <float[8,3,3,3] a, float[8,4,3,3] b, float[4,8] c>"
    " { h = Conv <pads = [1, 1, 1, 1]> (x, a) r = Relu(h) k = Conv <group = 2> (r, b) s = Relu(k)"
    " p = GlobalAveragePool(s) f = Flatten(p) y = Gemm <transB = 1> (f, c) }",
}
INSIDE = {"dense": ("r", "s"), "conv": ("r", "s")}


def _made(name: str) -> tuple[Lifted, dict[str, torch.Tensor]]:
    shape = {"dense": (4, 5), "conv": (2, 3, 6, 6)}[name]
    feeds = {"x": torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))}
    return lifted(NETS[name]), feeds


@pytest.mark.parametrize("name", NETS)
def test_the_numbers_stay(name: str) -> None:
    module, feeds = _made(name)
    plain = module(feeds)["y"]
    with Relevance():
        assert torch.allclose(module(feeds)["y"], plain, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NETS)
def test_a_layer_hands_back_all_that_it_got(name: str) -> None:
    """Without biases the relevance of every layer sums to the score that is explained; plain gradients do too in such
    nets, so all that is handed back must also be of the sign of the sample's score."""
    module, feeds = _made(name)
    with Relevance():
        kept = module(feeds, keep=INSIDE[name])
        top = kept["y"].amax(-1)
    inside = [kept[at] for at in INSIDE[name]]
    for value, slope in zip(inside, torch.autograd.grad(top.sum(), inside), strict=True):
        relevance = value * slope
        assert relevance.sum().item() == pytest.approx(top.sum().item(), rel=1e-4)
        assert (relevance.flatten(1) * top.sign()[:, None]).min().item() >= 0


def test_plain_gradients_would_be_seen() -> None:
    module, feeds = _made("dense")
    kept = module(feeds, keep=("s",))
    (slope,) = torch.autograd.grad(kept["y"].amax(-1).sum(), [kept["s"]])
    assert (kept["s"] * slope).min().item() < 0
