"""Fourier transforms, and the tables that go with them. Complex numbers have a last axis of two."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.dtypes import of_number
from onnxprune.lift.operator import Call, operator

Host = np.ndarray


def _numbers(x: Tensor) -> Tensor:
    """[..., 1 or 2] -> [...]."""
    return x.squeeze(-1) if x.shape[-1] == 1 else torch.view_as_complex(x.contiguous())


@operator("DFT", host=(1, 2))
def dft(call: Call, x: Tensor, length: Host | None = None, at: Host | None = None) -> Tensor:
    """Along one axis, forwards or back; one side of what is symmetric."""
    axis = int(at.reshape(-1)[0]) if at is not None else int(call.attr("axis", 1 if call.opset < 20 else -2))
    axis, n = axis % x.dim(), None if length is None else int(length.reshape(-1)[0])
    inverse, one_side = bool(call.attr("inverse", 0)), bool(call.attr("onesided", 0))
    numbers = _numbers(x)
    if inverse and one_side:
        return torch.fft.irfft(numbers, n, axis).unsqueeze(-1)
    if inverse:
        return torch.view_as_real(torch.fft.ifft(numbers, n, axis))
    return torch.view_as_real((torch.fft.rfft if one_side else torch.fft.fft)(numbers, n, axis))


@operator("STFT", host=(1, 3))
def stft(call: Call, x: Tensor, step: Host, window: Tensor | None = None, length: Host | None = None) -> Tensor:
    """[batch, frames, frequencies, 2] of a signal [batch, samples] or [batch, samples, 1 or 2]."""
    signal = x if x.dim() == 2 else _numbers(x)
    size = int(length.reshape(-1)[0]) if length is not None else _size(window)
    frames = signal.unfold(1, size, int(step.reshape(-1)[0]))
    frames = frames if window is None else frames * window
    one_side = bool(call.attr("onesided", 1)) and not frames.is_complex()
    return torch.view_as_real((torch.fft.rfft if one_side else torch.fft.fft)(frames))


def _size(window: Tensor | None) -> int:
    if window is None:
        raise ValueError("neither a window nor the length of a frame")
    return int(window.shape[0])


_WINDOWS = {
    "HannWindow": (0.5, -0.5, 0.0),
    "HammingWindow": (25 / 46, -21 / 46, 0.0),
    "BlackmanWindow": (0.42, -0.5, 0.08),
}
"""Factors of the first cosines."""


@operator(*_WINDOWS, host=(0,))
def window_(call: Call, size: Host) -> Tensor:
    """A sum of cosines over a period, or over one entry less."""
    n = int(size.reshape(-1)[0])
    angle = 2 * np.pi * np.arange(n) / (n if call.attr("periodic", 1) else n - 1)
    values = sum(factor * np.cos(k * angle) for k, factor in enumerate(_WINDOWS[call.op]))
    return torch.from_numpy(np.asarray(values)).to(of_number(int(call.attr("output_datatype", 1))))


@operator("MelWeightMatrix", host=(0, 1, 2, 3, 4))
def mel_weights(call: Call, bins: Host, length: Host, rate: Host, low: Host, high: Host) -> Tensor:
    """[frequencies, bins]: triangles that overlap, evenly spaced by mel."""
    count, points = int(bins.reshape(-1)[0]), int(length.reshape(-1)[0])
    ends = [2595 * np.log10(1 + float(v.reshape(-1)[0]) / 700) for v in (low, high)]
    mel = ends[0] + np.arange(count + 2) * (ends[1] - ends[0]) / (count + 2)
    edges = ((points + 1) * 700 * (10 ** (mel / 2595) - 1) // int(rate.reshape(-1)[0])).astype(np.int64)
    made = np.zeros((points // 2 + 1, count))
    for i, (start, top, end) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        made[start:top, i] = (np.arange(start, top) - start) / max(top - start, 1)
        made[top:end, i] = (end - np.arange(top, end)) / max(end - top, 1)
        made[top, i] = 1
    return torch.from_numpy(made).to(of_number(int(call.attr("output_datatype", 1))))
