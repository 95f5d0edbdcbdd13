"""Equal parts are spelled out, so that they may become unequal; and written as they were where they did not."""

from pathlib import Path

import numpy as np
import pytest

from onnxprune.graph import finish
from tests.graph.helpers import model, normalized, round_trip


@pytest.mark.parametrize(
    ("opset", "attribute", "sizes"), [(11, "", [3, 3]), (13, "", [3, 3]), (18, "num_outputs = 2, ", [3, 3])]
)
def test_equal_parts_are_spelled_out(opset: int, attribute: str, sizes: list[int], tmp_path: Path) -> None:
    text = f"g (float[2,6] x) => (float[2,3] y, float[2,3] z) {{ y, z = Split <{attribute}axis = 1> (x) }}"
    node = normalized(text, opset).graph.nodes[0]
    found = node.attrs["split"] if opset < 13 else node.inputs[1].values.tolist()
    assert found == sizes
    assert "num_outputs" not in node.attrs
    saved = round_trip(model(text, opset), tmp_path)
    assert saved.graph.node[0] == model(text, opset).graph.node[0]


def test_a_last_part_that_is_shorter(tmp_path: Path) -> None:
    text = "g (float[7] x) => (float[4] y, float[3] z) { y, z = Split <num_outputs = 2> (x) }"
    assert normalized(text).graph.nodes[0].inputs[1].values.tolist() == [4, 3]
    assert not round_trip(model(text), tmp_path).graph.initializer


def test_parts_that_became_unequal_stay_spelled_out() -> None:
    text = "g (float[2,6] x) => (float[2,3] y, float[2,3] z) { y, z = Split <axis = 1, num_outputs = 2> (x) }"
    loaded = normalized(text)
    loaded.graph.nodes[0].inputs[1].values = np.int64([2, 3])
    assert len(finish(loaded).graph.nodes[0].inputs) == 2


def test_parts_of_unknown_length_stay_unspelled() -> None:
    text = "g (float[2,n] x) => (float[2,p] y, float[2,q] z) { y, z = Split <axis = 1, num_outputs = 2> (x) }"
    assert len(normalized(text).graph.nodes[0].inputs) == 1
