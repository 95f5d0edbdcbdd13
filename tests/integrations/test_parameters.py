"""Parameters of other programs mean what the command line's options mean."""

from __future__ import annotations

import pytest
import typer

from onnxprune.cli import app
from onnxprune.errors import InputError
from onnxprune.integrations.parameters import PARAMETERS, options
from onnxprune.pruning import Options, Target

NAMED_OTHERWISE = {"passes": "--pass", "dims": "--dim", "verify": "--no-verify", "bench": "--no-bench"}


def test_every_parameter_is_an_option_of_the_command_line() -> None:
    command = typer.main.get_command(app).commands["optimize"]  # type: ignore[attr-defined]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    for name in PARAMETERS:
        assert NAMED_OTHERWISE.get(name, f"--{name.replace('_', '-')}") in flags


def test_nothing_said_is_the_default() -> None:
    assert options({}) == options(dict.fromkeys(PARAMETERS)) == Options()


def test_what_is_said() -> None:
    found = options(
        {"target": "params=0.6", "passes": ["channels"], "recover": "20", "train_masks": "5m", "seed": 3, "align": 8}
    )
    assert found.target == Target("params", 0.6) and found.passes == ("channels",) and found.align == 8
    assert found.recover is not None and found.recover.seed == 3 and found.recover.effort.steps == 20
    assert found.masks is not None and found.masks.effort.seconds == 300


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"targets": "macs=0.5"}, "there is no parameter 'targets'"), ({"target": "macs"}, "target 'macs' is not one of")],
)
def test_refusals(values: dict[str, str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        options(values)
