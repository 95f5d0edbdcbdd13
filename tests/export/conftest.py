from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from onnxprune.export import Runner
from onnxprune.runtime import run as run_session
from onnxprune.runtime import session

NETS = Path(__file__).with_name("nets.py")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def run() -> Runner:
    """Run a file with ONNX Runtime."""

    def run_file(path: Path, feeds: Mapping[str, Any]) -> list[Any]:
        return list(run_session(session(path), feeds).values())

    return run_file


@pytest.fixture
def net() -> Callable[[str], str]:
    """The spec of one of the modules in nets.py."""
    return lambda name: f"torch:{NETS}:{name}"
