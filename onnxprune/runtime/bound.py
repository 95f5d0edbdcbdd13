"""Calls whose inputs and outputs stay where they are: what is timed is the nodes alone."""

from __future__ import annotations

from collections.abc import Callable

import onnxruntime as ort

from onnxprune.runtime.run import Feeds, run


def bound(session: ort.InferenceSession, feeds: Feeds) -> Callable[[], object]:
    """A call that runs a model on the CPU on fixed inputs into fixed outputs.

    feeds: float32. Raises InputError if the model can't be run on them.
    """
    binding = session.io_binding()
    for name, values in feeds.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(values))
    for name, values in run(session, feeds).items():
        binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(values))
    return lambda: session.run_with_iobinding(binding)
