"""Gates on a lifted model: where they start, what they feed, and what settled widths do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.graph import finish, from_proto, normalize
from onnxprune.lift.lifting import lift
from onnxprune.recovery.masks.masked import CLOSE, Masked
from onnxprune.recovery.masks.method import METHODS
from onnxprune.recovery.masks.units import Units
from onnxprune.rewrite import gated
from tests.recovery.small import WIDTH, network, samples

KEEP = np.arange(WIDTH) % 4 == 0
X = {"x": torch.from_numpy(samples(16))}


def masked(method: str = "ste", keep: np.ndarray = KEEP, *, free: bool = True) -> Masked:
    found = gated(lambda: normalize(from_proto(network())), ["a.weight[1]"])
    atom = found.atoms["a.weight[1]"]
    units = [Units("a.weight[1]", atom, atom, keep, np.arange(WIDTH, dtype=float), 4, free)]
    fed = {name: feed.values for name, feed in found.inputs.items()}
    return Masked(lift(finish(found.model)), fed, units, METHODS[method])


def cut(keep: np.ndarray) -> torch.Tensor:
    """What the network makes of X without some units, by hand."""
    stored = {k: torch.from_numpy(v) for k, v in lift(normalize(from_proto(network()))).stored().items()}
    hidden = torch.relu(X["x"] @ stored["a.weight"] + stored["a.bias"]) * torch.from_numpy(keep.astype(np.float32))
    return hidden @ stored["b.weight"] + stored["b.bias"]


def test_ranks_by_hand() -> None:
    """The best of what stays is the surest; what goes is below the line however high its score."""
    units = Units("g", None, object(), np.array([True, False, True, False]), np.array([1.0, 9.0, 2.0, 3.0]))  # type: ignore[arg-type]
    np.testing.assert_allclose(units.ranks(0.5, 3.0, 2.0), [0.5, -0.5, 3.0, -2.0])


@pytest.mark.parametrize("method", METHODS)
def test_it_starts_from_the_decision_or_whole(method: str) -> None:
    made = masked(method)
    start = (made.logits.detach() > made.gate.middle).numpy()
    np.testing.assert_array_equal(start, np.ones(WIDTH, bool) if METHODS[method].open else KEEP)


def test_steps_of_0_and_1_are_the_pruned_network() -> None:
    made = masked("ste")
    torch.testing.assert_close(made(X)["y"].detach(), cut(KEEP), rtol=1e-5, atol=1e-5)
    made.held = {"a.weight[1]": ~KEEP}
    torch.testing.assert_close(made(X)["y"].detach(), cut(~KEEP), rtol=1e-5, atol=1e-5)


def test_logits_get_gradients_and_weights_don_t() -> None:
    made = masked("ste")
    made(X)["y"].square().sum().backward()
    assert made.logits.grad is not None and int((made.logits.grad != 0).sum()) > WIDTH // 2
    assert all(p.grad is None for p in made.student.parameters())


def test_a_group_that_is_held_stays_as_it_was() -> None:
    made = masked("ste", free=False)
    assert made.logits.numel() == 0
    torch.testing.assert_close(made(X)["y"].detach(), cut(KEEP), rtol=1e-5, atol=1e-5)
    assert [float(count) for count in made.counts().values()] == [8.0]


def test_no_fewer_units_count_than_have_to_stay() -> None:
    made = masked("ste", np.zeros(WIDTH, bool))
    (count,) = made.counts().values()
    assert float(count.detach()) == 4.0


def test_settled_groups_keep_so_many_of_the_best() -> None:
    made = masked("l0")
    best = np.sort(np.argsort(-made.logits.detach().numpy())[:5])
    made.settle({"a.weight[1]": 5})
    assert made.logits.detach().abs().max() <= CLOSE
    for _ in range(2):
        made.draw(torch.Generator())
        np.testing.assert_array_equal(np.flatnonzero(made.drawn().detach().numpy()), best)
    assert np.flatnonzero(made.best({"a.weight[1]": 5})["a.weight[1]"]).tolist() == best.tolist()


def test_with_noise_others_take_their_place_now_and_then() -> None:
    """As many; a unit's chance falls with its distance from the line, and what is best stays as it was."""
    made, generator = masked("l0"), torch.Generator().manual_seed(0)
    made.settle({"a.weight[1]": 5})
    best = made.best(made.by_name)["a.weight[1]"]
    made.noise, seen = 0.3, torch.zeros(WIDTH)
    for _ in range(200):
        made.draw(generator)
        seen += made.drawn().detach()
    assert seen.sum() == 5 * 200
    assert 0 < seen[torch.from_numpy(~best)].max() < seen[torch.from_numpy(best)].max() <= 200
    np.testing.assert_array_equal(made.best(made.by_name)["a.weight[1]"], best)


def test_gradients_are_levelled_by_hand() -> None:
    """Three units of which two stay, of use 5, 1 and 3: the line is between 3 and 1, at 2."""
    made = masked("ste")
    made.settle({"a.weight[1]": 2})
    made.logits.grad = torch.zeros(WIDTH)
    made.logits.grad[:3] = -torch.tensor([5.0, 1.0, 3.0])
    made.level()
    torch.testing.assert_close(made.logits.grad[:4], torch.tensor([-3.0, 1.0, -1.0, 2.0]))
