"""Random graphs: the pruned model equals the masked one, and its analysis finds the same groups, smaller."""

import numpy as np
import onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onnxprune.coupling import Analysis, Group
from onnxprune.graph import from_proto
from onnxprune.rewrite import Masks, prove
from tests.coupling.random_graphs import graphs
from tests.oracle import analysed, build, exact, pruned_bytes, well_formed

MANY = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def some(groups: list[Group], seed: int) -> dict[str, np.ndarray]:
    """Random masks that leave two units at least, so that no axis vanishes from the analysis."""
    rng = np.random.default_rng(seed)
    masks = {}
    for group in groups:
        if group.size > 2:
            kept = rng.permutation(group.size)[: rng.integers(2, group.size)]
            masks[group.id] = np.isin(np.arange(group.size), kept)
    return masks


def sizes(analysis: Analysis, masks: Masks) -> dict[str, int]:
    return {g.id: int(masks[g.id].sum()) if g.id in masks else g.size for g in exact(analysis)}


@given(graphs(), st.integers(0, 99))
@MANY
def test_pruned_equals_masked_and_is_analysed_alike(proto: onnx.ModelProto, seed: int) -> None:
    model, analysis = analysed(proto)
    masks = some(exact(analysis), seed)
    if not masks:
        return
    expected = sizes(analysis, masks)
    pruned = pruned_bytes(model, analysis, masks)
    well_formed(pruned)
    proof = prove(lambda: from_proto(build(proto)), masks, pruned)
    assert proof.ok, proof
    again = analysed(onnx.load_from_string(pruned))[1]
    assert sizes(again, {}) == expected
