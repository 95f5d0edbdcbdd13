"""gate.toml: what it may say, what it means, and that its schema says the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from onnxprune.errors import InputError
from onnxprune.gate import Limits, schema, settings
from onnxprune.gate.keys import TABLES
from onnxprune.gate.limits import checked
from onnxprune.gate.schema import made
from onnxprune.gate.template import template, write

# no whole numbers as floats: JSON has one kind of number, TOML has two
TRIED: list[Any] = [
    -1, 0, 1, 2, 0.3, 0.5, 0.50001, 1.5, 86400, 86401, 2 * 10**6, 10**15, 2**31, 2**40, True, False, "", "a",
    "2 MiB", "2MiB", "2.5 kB", "2 mib", "1.5 M", "20 ms", "20 MS", "1e3 B", " 2 B", "pass", "fail", "cpu", "wall",
    "auto", [], ["Conv"], [""], [1], {}, {"batch": 1}, {"batch": 0}, {"ratio": 1.5}, {"ratio": -1.5}, {"max": "2 MiB"},
    {"same": 1},
]  # fmt: skip


def test_the_published_schema_is_that_of_the_reader() -> None:
    assert schema() == made()
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", TABLES)
def test_schema_and_reader_agree(name: str) -> None:
    bodies = [{name: value} for value in TRIED]
    bodies += [{name: {key: value}} for key in [*TABLES[name].keys, "other"] for value in TRIED]
    verdicts = []
    for body in bodies:
        by_schema = jsonschema.Draft202012Validator(schema()).is_valid(body)
        verdicts.append(by_schema)
        assert by_schema == _reads(body), body
    assert any(verdicts) and not all(verdicts)


def _reads(body: dict[str, Any]) -> bool:
    try:
        checked(body, "gate.toml")
    except InputError:
        return False
    return True


def test_what_it_means(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(
        'size = "2 MiB"\nmacs = 0.5\n[params]\nratio = 1\nmax = "1.5 M"\n[latency]\nratio = 1.1\nmax = "20 ms"\n'
    )
    found = settings(file)
    assert (found.size.most, found.size.ratio, found.macs.ratio) == (2 * 2**20, None, 0.5)
    assert (found.params.ratio, found.params.most) == (1, 1_500_000)
    assert found.latency.most == 0.02 and found.latency.detect == pytest.approx(1.133)
    assert not found.memory.asked and not found.fidelity.asked and not found.same_signature


def test_options_are_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text('[latency]\nratio = 1.1\nseconds = 5\n[ops]\nforbidden = ["Einsum"]\n')
    found = settings(file, ["latency.ratio=1.2", "size=2 MiB", "opset.max=21", 'ops.forbidden=["Loop"]', "macs='3 M'"])
    assert (found.latency.ratio, found.latency.seconds, found.ops_forbidden) == (1.2, 5, ("Loop",))
    assert (found.size.most, found.opset_max, found.macs.most) == (2 * 2**20, 21, 3e6)


def test_without_a_limit_nothing_may_get_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for found in (settings(), settings(options=["latency.seconds=3", "run.threads=2"]), Limits.of()):
        assert found.size.ratio == found.params.ratio == found.macs.ratio == 1.0 and found.same_signature
        assert (found.latency.ratio, found.latency.detect) == (1.02, 1.05)
    assert settings(options=["latency.seconds=3"]).latency.seconds == 3
    (tmp_path / "gate.toml").write_text("size = 1.5\n")
    assert settings().size.ratio == 1.5 and settings().latency.ratio is None


def test_the_template_is_what_is_standard_and_every_example_fits(tmp_path: Path) -> None:
    write(tmp_path / "gate.toml")
    assert settings(tmp_path / "gate.toml") == Limits.of()
    for name, table in TABLES.items():
        for key, entry in table.keys.items():
            value = tomllib.loads(f"value = {entry.example}")["value"]
            assert checked({name: {key: value}}, "example") and f"{key} = " in template()
    with pytest.raises(InputError, match="is there already"):
        write(tmp_path / "gate.toml")


def test_files_are_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "calib.npz").touch()
    (tmp_path / "gate.toml").write_text('[fidelity]\nmax_loss = 0.1\ndata = "calib.npz"\n')
    assert settings(tmp_path / "gate.toml").fidelity.data == str(tmp_path / "calib.npz")
    (tmp_path / "gate.toml").write_text('[fidelity]\nmax_loss = 0.1\ndata = "mine:calls"\n')
    assert settings(tmp_path / "gate.toml").fidelity.data == "mine:calls"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sise = 1.0", "gate.toml: there is no table 'sise'; did you mean size"),
        ("[latency]\nration = 1.0", "gate.toml: there is no key 'latency.ration'; did you mean ratio"),
        ("[size]\nratio = -1", "gate.toml: size.ratio should be a number above 0, 1.0 being the baseline's, but is -1"),
        ("[size]\nmax = 5", 'gate.toml: size.max should be an amount such as "2 MiB"'),
        ("size = true", "gate.toml: size should be a number above 0"),
        ("[ops]\nallowed = ['Conv', 1]", "gate.toml: ops.allowed should be a list of texts"),
        ("[latency]\nratio = inf", "but is inf"),
        (
            "[latency]\nratio = 1.1\ndetect = 1.05",
            "latency.detect (1.05) should be at least latency.ratio (1.1)",
        ),
        ("[fidelity]\npreprocess = 'p.toml'", "but there is no fidelity.data"),
        ("[opset]\nmin = 20\nmax = 19", "opset.min (20) should be at most opset.max (19)"),
        ("size = ", "gate.toml: isn't TOML"),
        ('name = "dnsmos"\n', "there is no table 'name'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        settings()
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["size", "=1", "size.=1", "size.rat=1", "opset=21", "size=big"])
def test_options_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="limit"):
        settings(Path("/dev/null"), [text])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        settings(tmp_path / "gate.toml")


def test_the_schema_is_a_file_that_editors_read() -> None:
    body = json.loads((Path(__file__).parents[2] / "onnxprune/gate/gate.schema.json").read_text())
    assert body["properties"]["latency"]["anyOf"][-1]["properties"]["undecided"]["enum"] == ["pass", "fail"]
