"""What config.json says after layers lost units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onnxprune.directory.config import Narrowed, settle, unsaid
from onnxprune.errors import InputError

BERT = {
    "model_type": "bert",
    "hidden_size": 64,
    "intermediate_size": 256,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
}


def ffn(*widths: int, before: int = 256, model: str = "model.onnx") -> list[Narrowed]:
    return [Narrowed(model, "channels", before, width) for width in widths]


def heads(*counts: int, before: int = 4) -> list[Narrowed]:
    return [Narrowed("model.onnx", "heads", before, count) for count in counts]


def settled(folder: Path, config: dict[str, Any], narrowed: list[Narrowed]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says afterwards, and the fields that were found: what each says now."""
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    found = settle(folder, "config.json", narrowed)
    return json.loads(path.read_text(encoding="utf-8")), {field.field: field.after for field in found}


@pytest.mark.parametrize(
    ("narrowed", "says", "found"),
    [
        (ffn(128, 128), 128, 128),
        (ffn(128, 96), 256, None),  # layers differ
        (ffn(128), 256, None),  # one of two layers
        (ffn(128, 128, 128), 256, None),  # more than there are layers: something else has that width, too
    ],
)
def test_a_width_is_written_where_it_is_that_of_all_layers(
    tmp_path: Path, narrowed: list[Narrowed], says: int, found: int | None
) -> None:
    after, fields = settled(tmp_path, BERT, narrowed)
    assert after == {**BERT, "intermediate_size": says} and fields == {"intermediate_size": found}


def test_heads_whose_size_is_derived_from_their_number_stay(tmp_path: Path) -> None:
    assert settled(tmp_path, BERT, heads(2, 2)) == (BERT, {"num_attention_heads": None})
    explicit = {**BERT, "head_dim": 16}
    after, fields = settled(tmp_path, explicit, heads(2, 2))
    assert after["num_attention_heads"] == fields["num_attention_heads"] == 2


def test_groups_of_heads_take_their_queries_with_them(tmp_path: Path) -> None:
    llama = {**BERT, "num_key_value_heads": 2, "head_dim": 16}
    after, fields = settled(tmp_path, llama, heads(1, 1, before=2))
    assert (after["num_attention_heads"], after["num_key_value_heads"]) == (2, 1)
    assert fields == {"num_attention_heads": 2, "num_key_value_heads": 1}


def test_both_sides_of_a_model_have_their_fields(tmp_path: Path) -> None:
    bart = {"encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    narrowed = ffn(32, before=64, model="encoder_model.onnx") + ffn(48, 40, before=64, model="decoder_model.onnx")
    after, fields = settled(tmp_path, bart, narrowed)
    assert after == {**bart, "encoder_ffn_dim": 32}
    assert fields == {"encoder_ffn_dim": 32, "decoder_ffn_dim": None}
    t5 = {"num_layers": 1, "num_decoder_layers": 2, "d_ff": 64}
    assert settled(tmp_path, t5, ffn(32, 32, 32, before=64))[0]["d_ff"] == 32


def test_sections_have_models_of_their_own(tmp_path: Path) -> None:
    clip = {"text_config": dict(BERT), "vision_config": dict(BERT)}
    narrowed = ffn(128, 128, model="text_model.onnx") + ffn(64, 32, model="vision_model.onnx")
    after, fields = settled(tmp_path, clip, narrowed)
    assert after["text_config"]["intermediate_size"] == 128 and after["vision_config"] == BERT
    assert fields == {"text_config.intermediate_size": 128, "vision_config.intermediate_size": None}


def test_a_side_that_lost_nothing_keeps_its_fields(tmp_path: Path) -> None:
    bart = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    after, fields = settled(tmp_path, bart, ffn(32, before=64, model="encoder_model.onnx"))
    assert after == {**bart, "encoder_ffn_dim": 32} and fields == {"encoder_ffn_dim": 32}
    assert settled(tmp_path, bart, ffn(32, 32, before=64))[1] == {"encoder_ffn_dim": None, "decoder_ffn_dim": None}


def test_what_is_said_of_a_field_that_stays(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(BERT), encoding="utf-8")
    (one,) = settle(tmp_path, "config.json", ffn(128))
    (both,) = settle(tmp_path, "config.json", ffn(128, 96))
    assert str(one) == "config.json still says intermediate_size 256, of which 128 are left in 1 narrowed group"
    assert str(both).endswith("of which 96 to 128 are left in 2 narrowed groups")


def test_a_configuration_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "config.json").symlink_to("bert.json")
    settled(tmp_path, BERT, ffn(128, 128))
    assert (tmp_path / "config.json").is_symlink()
    assert json.loads((tmp_path / "bert.json").read_text(encoding="utf-8"))["intermediate_size"] == 128


def test_groups_that_no_field_is_about_are_counted(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(BERT), encoding="utf-8")
    narrowed = [*ffn(128, 128), *ffn(8, 8, 8, before=32)]
    assert unsaid(settle(tmp_path, "config.json", narrowed), narrowed) == 3


@pytest.mark.parametrize(("text", "reason"), [("{", "can't be read as JSON"), ("[]", "holds no JSON object")])
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        settle(tmp_path, "config.json", ffn(1))
