"""Recurrent networks in PyTorch: the layers in all their forms, and small networks of the kinds that use them.

Every factory returns (module, example inputs), as the source `torch:` of `onnxprune.export` expects.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Made = tuple[nn.Module, tuple[Tensor, ...]]
_LAYERS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
_WORDS, _STEPS = 200, 12


def _tokens(batch: int = 2, steps: int = _STEPS) -> Tensor:
    return torch.randint(0, _WORDS, (batch, steps))


class _Tagger(nn.Module):
    """Words -> embedding -> recurrent layers -> a label for every word."""

    def __init__(self, kind: str, layers: int, two_ways: bool, batch_first: bool, **more: object) -> None:
        super().__init__()
        self.batch_first = batch_first
        self.embedding = nn.Embedding(_WORDS, 24)
        self.layer = _LAYERS[kind](24, 32, layers, batch_first=batch_first, bidirectional=two_ways, **more)
        self.hidden = nn.Linear(64 if two_ways else 32, 40)
        self.head = nn.Linear(40, 10)

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words)
        y, _ = self.layer(x if self.batch_first else x.transpose(0, 1))
        labels: Tensor = self.head(self.hidden(y).relu())
        return labels


def tagger(
    kind: str = "lstm",
    layers: int = 1,
    two_ways: bool = False,
    batch_first: bool = True,
    bias: bool = True,
    nonlinearity: str = "",
) -> Made:
    """A tagger by a recurrent layer of any form; `nonlinearity` is for kind rnn only."""
    more = {"bias": bias} | ({"nonlinearity": nonlinearity} if nonlinearity else {})
    return _Tagger(kind, layers, two_ways, batch_first, **more), (_tokens(),)


class _LastState(nn.Module):
    """Features -> recurrent layers -> last hidden state -> classes."""

    def __init__(self, kind: str, two_ways: bool) -> None:
        super().__init__()
        self.kind = kind
        self.layer = _LAYERS[kind](16, 32, 2, batch_first=True, bidirectional=two_ways)
        self.head = nn.Sequential(nn.Linear(64 if two_ways else 32, 48), nn.ReLU(), nn.Linear(48, 5))
        self.ways = 2 if two_ways else 1

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.layer(x)
        last = state[0] if self.kind == "lstm" else state
        classes: Tensor = self.head(torch.cat([last[-way - 1] for way in range(self.ways)], -1))
        return classes


def last_state(kind: str = "lstm", two_ways: bool = False) -> Made:
    """A classifier by the last hidden state of the last of two layers."""
    return _LastState(kind, two_ways), (torch.randn(2, _STEPS, 16),)


class _Packed(nn.Module):
    """Sequences of different lengths, packed."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer = _LAYERS[kind](16, 32, batch_first=True, bidirectional=True)
        self.head = nn.Linear(64, 5)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, _ = pad_packed_sequence(self.layer(packed)[0], batch_first=True)
        classes: Tensor = self.head(y)
        return classes


def packed(kind: str = "lstm") -> Made:
    """Bidirectional, with an input of lengths; only the TorchScript exporter knows packing."""
    return _Packed(kind), (torch.randn(3, _STEPS, 16), torch.tensor([_STEPS, 9, 5]))


class _Streaming(nn.Module):
    """One chunk, with the state coming in and going out."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Conv1d(16, 24, 3, padding=1)
        self.layer = nn.LSTM(24, 32, 2)
        self.after = nn.Linear(32, 1)

    def forward(self, chunk: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.before(chunk).relu().permute(2, 0, 1)
        y, (h, c) = self.layer(x, (h, c))
        return self.after(y.relu()).sigmoid(), h, c


def streaming() -> Made:
    """A voice activity detector that is fed chunk by chunk."""
    return _Streaming(), (torch.randn(1, 16, 8), torch.zeros(2, 1, 32), torch.zeros(2, 1, 32))


class _Cells(nn.Module):
    """A cell unrolled by hand, with a layer normalisation of its state if wanted."""

    def __init__(self, kind: str, normalised: bool) -> None:
        super().__init__()
        self.cell = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}[kind](16, 32)
        self.norm = nn.LayerNorm(32) if normalised else nn.Identity()
        self.head = nn.Linear(32, 5)
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(x.shape[0], 32)
        c = torch.zeros_like(h)
        outputs = []
        for step in x.unbind(1):
            if self.kind == "lstm":
                h, c = self.cell(step, (h, c))
            else:
                h = self.cell(step, h)
            h = self.norm(h)
            outputs.append(self.head(h))
        return torch.stack(outputs, 1)


def cells(kind: str = "lstm", normalised: bool = False) -> Made:
    """Four steps of a cell."""
    return _Cells(kind, normalised), (torch.randn(2, 4, 16),)
