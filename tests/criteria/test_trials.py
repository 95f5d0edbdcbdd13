"""Criteria that try masks out."""

from __future__ import annotations

import numpy as np

from onnxprune.criteria import score
from tests.criteria.made import MLP, A, B, only_group


class Faked:
    """Trials of a group of 130 units, of which unit n costs n."""

    sizes = {"a[1]": 130}  # noqa: RUF012

    def __init__(self) -> None:
        self.gone: list[np.ndarray] = []
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def loss(self, gates: dict[str, np.ndarray]) -> float:
        self.gone.append(np.flatnonzero(gates["a[1]"] == 0))
        return float(self.gone[-1].sum())


def test_units_of_wide_groups_are_left_out_several_at_a_time() -> None:
    """Those of about the same norm share the rise of the loss; the smaller norm goes first."""
    wide = MLP.replace("float[2,3] a, float[3,2] b", "float[2,130] a, float[130,2] b")
    norms = 1 + np.arange(130)[::-1]
    analysis, group = only_group(wide, a=np.stack([norms, norms]), b=np.zeros((130, 2)))
    faked = Faked()
    scores = score(analysis, [group], "ablation", trials=faked)[group.id]  # type: ignore[arg-type]
    assert (len(faked.gone), faked.told[-1]) == (64, "a[1]: leaving out unit 64 of 64")
    assert [sorted(block) for block in (faked.gone[0], faked.gone[-1])] == [[127, 128, 129], [0, 1]]
    np.testing.assert_allclose(scores[[129, 128, 127, 1, 0]], [128, 128, 128, 0.5, 0.5], rtol=1e-5)
    assert scores[129] < scores[128] < scores[127]


def test_without_trials_units_are_scored_by_their_share_of_the_weights() -> None:
    analysis, group = only_group(MLP, a=A, b=B)
    expected = score(analysis, [group], "l2")[group.id] ** 2
    for name in ("ablation", "bonsai", "zeroth_order"):
        np.testing.assert_allclose(score(analysis, [group], name)[group.id], expected / expected.sum())
