"""How many channels there really are."""

import onnx_graphsurgeon as gs
import pytest

from onnxprune.graph.blocked_channels import Channels
from onnxprune.graph.blocked_weights import Unclear


def tensors(block: int, count: int) -> tuple[Channels, list[gs.Tensor]]:
    channels, made = Channels(block), [gs.Variable(f"t{n}") for n in range(count)]
    for tensor in made:
        channels.add(tensor)
    return channels, made


def test_what_is_told_of_one_holds_for_all_that_are_joined() -> None:
    channels, (a, b, c) = tensors(16, 3)
    channels.join(a, b)
    channels.tell(c, 20)
    channels.hold(a, 32, 18)
    channels.join(c, b)
    assert [channels.count(t) for t in (a, b, c)] == [20, 20, 20]


def test_zeros_at_the_end_of_the_last_block_are_no_channels() -> None:
    channels, (a, b) = tensors(16, 2)
    channels.hold(a, 32, 20)
    channels.hold(a, 32, 24)
    channels.hold(b, 32, 3)
    assert channels.count(a) == 24
    assert channels.count(b) == 17  # fewer would have filled one block


@pytest.mark.parametrize(("told", "held", "used"), [(24, 24, 24), (20, 32, 21), (16, 32, 3)])
def test_a_layout_of_other_blocks_is_unclear(told: int, held: int, used: int) -> None:
    channels, (a,) = tensors(16, 1)
    channels.tell(a, told)
    channels.hold(a, held, used)
    with pytest.raises(Unclear, match="not laid out in blocks of 16"):
        channels.count(a)


def test_contradictions_and_silence_are_unclear() -> None:
    channels, (a, b) = tensors(8, 2)
    with pytest.raises(Unclear, match="nothing tells"):
        channels.count(a)
    with pytest.raises(Unclear, match="nothing tells"):
        channels.fill(a)
    channels.tell(a, 20)
    channels.tell(b, 24)
    with pytest.raises(Unclear, match="20 channels in one place and 24 in another"):
        channels.join(a, b)
    with pytest.raises(Unclear, match="not laid out so"):
        channels.tell(gs.Variable("outside"), 8)


def test_a_concatenation_takes_whole_blocks() -> None:
    channels, (a, b) = tensors(8, 2)
    channels.hold(a, 24, 18)
    channels.tell(b, 20)
    assert channels.fill(a) == channels.count(a) == 24
    with pytest.raises(Unclear):
        channels.fill(b)
