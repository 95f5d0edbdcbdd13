"""What docs/pipelines.md shows does what it says, on small models with the same names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run
from tests.directory.made import seq2seq, single

TEXT = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text(encoding="utf-8")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    block.replace("$ onnxprune ", "").splitlines()
    for kind, block in BLOCKS
    if kind == "console" and block.startswith("$ onnxprune ")
]


TOLD = ("the same units, but not the same values", "config.json says nothing that is known here of 1 narrowed group;")
"""What may be said on these models, as the page says."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the directories that the page talks of, small ones, and with data."""
    monkeypatch.chdir(tmp_path)
    single(tmp_path / "bert")
    seq2seq(tmp_path / "bart")
    data = tmp_path / "data"
    data.mkdir()
    random = np.random.default_rng(0)
    tokens, hidden = random.integers(0, 11, (8, 6)), random.standard_normal((8, 6, 16)).astype(np.float32)
    np.savez(data / "encoder_model.npz", input_ids=tokens)
    np.savez(data / "decoder_model.npz", input_ids=tokens, encoder_hidden_states=hidden)
    np.savez(data / "decoder_with_past_model.npz", input_ids=tokens[:, :1], past_key=hidden)
    return tmp_path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("commands", COMMANDS, ids=lambda commands: commands[0])
def test_commands_run(run: Run, commands: list[str]) -> None:
    for command in commands:
        done = run(*shlex.split(command))
        told = [line for line in done.stderr.splitlines() if not any(text in line for text in TOLD)]
        assert (done.exit_code, told) == (0, []), done.output


@pytest.mark.parametrize("name", re.findall(r"<!-- (\S+) -->", TEXT))
def test_what_is_shown_is_the_file(name: str) -> None:
    shown = re.search(rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert shown is not None and shown[1] == (EXAMPLES / name).read_text(encoding="utf-8")


def test_the_python_example_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block for kind, block in BLOCKS if kind == "python" and "optimize_directory" in block]
    exec(example, {})  # noqa: S102
    models = sorted(path.name for path in (place / "bart").glob("*.onnx"))
    first, *rest = capsys.readouterr().out.splitlines()
    records, told = rest[: len(models)], rest[len(models) :]
    assert first == f"True {models}" and "the same units, but not the same values" in told[0]
    assert [record.split()[:2] for record in records] == [[name, "proved"] for name in models]
    assert {path.parent.stem for path in (place / "report").glob("*/plan.json")} == {Path(name).stem for name in models}
