"""The plug-in for pytest: the fixture `assert_onnx_gate`. Found by pytest through the entry point `pytest11`.

It lies outside of the room `gate`, so that runs of pytest that don't use it load none of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def assert_onnx_gate() -> Callable[..., Any]:
    """`assert_onnx_gate(model, baseline, **limits)`: fails the test where a model is worse than its baseline allows."""
    from onnxprune.gate import assert_onnx_gate as function

    return function
