"""How many channels a tensor in blocks really has, for its file tells how many its blocks hold.

Tensors that must have equally many are joined. Some are told: a ReorderOutput says how many it gives out, what a
ReorderInput reads has a shape, and a Concat takes whole blocks only. Else the zeros at the end of the last block are no
channels: nothing makes them, and nothing weighs them.
"""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.graph.blocked_weights import Unclear


class Channels:
    """Tensors in blocks of channels. What contradicts what was said before raises Unclear.

    block: channels of a block
    """

    def __init__(self, block: int) -> None:
        self.block = block
        self._tensors: dict[int, gs.Tensor] = {}  # kept, so that an id stays that of its tensor
        self._like: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._held: dict[int, int] = {}
        self._used: dict[int, int] = {}

    def __contains__(self, tensor: gs.Tensor) -> bool:
        return id(tensor) in self._like

    @property
    def tensors(self) -> list[gs.Tensor]:
        """All of them."""
        return list(self._tensors.values())

    def add(self, tensor: gs.Tensor) -> None:
        """A tensor in blocks, of which nothing is known yet."""
        self._tensors[id(tensor)] = tensor
        self._like.setdefault(id(tensor), id(tensor))

    def join(self, one: gs.Tensor, other: gs.Tensor) -> None:
        """Two tensors in blocks have equally many channels."""
        a, b = self._root(one), self._root(other)
        if a == b:
            return
        self._like[b] = a
        for known in (self._told, self._held):
            if b in known:
                _agree(known, a, known.pop(b))
        self._used[a] = max(self._used.get(a, 0), self._used.pop(b, 0))

    def tell(self, tensor: gs.Tensor, count: int) -> None:
        """A tensor is known to have that many channels."""
        _agree(self._told, self._root(tensor), count)

    def hold(self, tensor: gs.Tensor, held: int, used: int) -> None:
        """Blocks of a tensor hold `held` channels, of which a weight is zero for those from `used` on."""
        root = self._root(tensor)
        _agree(self._held, root, held)
        self._used[root] = max(self._used.get(root, 0), used)

    def fill(self, tensor: gs.Tensor) -> int:
        """All that the blocks of a tensor hold are channels. Returns how many."""
        root = self._root(tensor)
        count = self._told.get(root, self._held.get(root))
        if count is None or count % self.block:
            raise Unclear(f"nothing tells how many blocks of channels '{tensor.name}' has")
        self.tell(tensor, count)
        return count

    def count(self, tensor: gs.Tensor) -> int:
        """How many channels a tensor has."""
        root = self._root(tensor)
        held, least = self._held.get(root), self._used.get(root, 0)
        count = self._told.get(root)
        if count is None and held is not None:
            count = max(least, held - self.block + 1)
        if count is None:
            raise Unclear(f"nothing tells how many channels '{tensor.name}' has")
        if least > count or held not in (None, -(-count // self.block) * self.block):
            raise Unclear(f"'{tensor.name}' has {count} channels, which are not laid out in blocks of {self.block}")
        return count

    def _root(self, tensor: gs.Tensor) -> int:
        if tensor not in self:
            raise Unclear(f"'{tensor.name}' is read in blocks of channels but not laid out so")
        found = id(tensor)
        while self._like[found] != found:
            found = self._like[found]
        return found


def _agree(known: dict[int, int], root: int, value: int) -> None:
    if known.setdefault(root, value) != value:
        raise Unclear(f"a tensor has {known[root]} channels in one place and {value} in another")
