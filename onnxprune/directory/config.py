"""config.json beside a model: what it says of widths, and what of that is still right.

What runs ONNX files (optimum, ONNX Runtime GenAI, transformers.js) takes from it what a model is for, and shapes of
keys and values, which are inputs of the model and therefore never change. What builds a network anew (transformers)
takes every width from it, one for all layers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.graph.save import write_atomic
from onnxprune.report.units import some

NAME = "config.json"

FIELDS = {
    "channels": "intermediate_size ffn_dim d_ff n_inner d_inner hidden_dim encoder_ffn_dim decoder_ffn_dim",
    "heads": "num_attention_heads num_key_value_heads n_head n_heads num_heads encoder_attention_heads "
    "decoder_attention_heads",
    "head_dim": "head_dim d_kv attention_head_size",
    "hidden": "hidden_size d_model n_embd dim",
}
"""Pass -> what transformers call the width that it narrows."""

SIZES = FIELDS["head_dim"].split()
HEADS = FIELDS["heads"].split()
QUERIES, GROUPS = "num_attention_heads", "num_key_value_heads"

LAYERS = "num_hidden_layers n_layer n_layers num_layers encoder_layers"
BEHIND = {"num_layers": "num_decoder_layers", "encoder_layers": "decoder_layers"}
"""How many layers there are; of models that have an encoder and a decoder, in two fields."""

SIDES = ("encoder", "decoder", "text", "vision", "audio")
"""Parts of models that have fields, sections and files of their own."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A group that lost units: in which model, by which pass, its units before and after."""

    model: str
    kind: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a config.json that says how wide something was that is narrower now.

    file: relative to the directory; field: with the sections that it is in; before: what it said; layers: the widths
    that are left, in graph order; after: what it says now, None where no single number is right and it was let be
    """

    file: str
    field: str
    before: int
    layers: list[int]
    after: int | None

    def __str__(self) -> str:
        low, high = min(self.layers), max(self.layers)
        left = f"{low}" if low == high else f"{low} to {high}"
        where = some(len(self.layers), "narrowed group")
        return f"{self.file} still says {self.field} {self.before}, of which {left} are left in {where}"


def settle(folder: Path, file: str, narrowed: Sequence[Narrowed]) -> list[Field]:
    """Write what is right for all layers into a config.json of a directory; what became of each field.

    narrowed: the groups of the models that it is about. Raises InputError where the file is no JSON object.
    """
    path = (folder / file).resolve()  # of a link, what it leads to
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{file}: can't be read as JSON, so what it says of widths can't be looked at") from None
    if not isinstance(body, dict):
        raise InputError(f"{file}: holds no JSON object")
    found = [field for where, section in _sections(body) for field in _fields(file, where, section, narrowed)]
    if any(field.after is not None for field in found):
        write_atomic(path, [(json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()])
    return found


def unsaid(fields: Sequence[Field], narrowed: Sequence[Narrowed]) -> int:
    """How many of some groups no field tells the width of, under a name that is known here."""
    told = {(kind, field.before) for field in fields for kind, names in FIELDS.items() if _name(field) in names.split()}
    return sum((one.kind, one.before) not in told for one in narrowed)


def _name(field: Field) -> str:
    return field.field.rpartition(".")[2]


def _sections(body: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield where, body
    for key, value in body.items():
        if key.endswith("_config") and isinstance(value, dict):
            yield from _sections(value, f"{where}{key}.")


def _fields(file: str, where: str, section: dict[str, Any], narrowed: Sequence[Narrowed]) -> list[Field]:
    """What of a section is no longer right; it is changed where a single number is."""
    found: list[Field] = []
    as_given = dict(section)
    for kind, names in FIELDS.items():
        for name in (name for name in names.split() if _is_width(as_given.get(name))):
            of = [one for one in _about(where + name, narrowed) if one.kind == kind]
            unit, times = _unit(name, as_given)
            layers = [one.after * times for one in of if one.before == unit]
            if not layers:
                continue
            right = _is_for_all(kind, name, layers, as_given)
            found.append(Field(file, where + name, as_given[name], layers, layers[0] if right else None))
            section[name] = layers[0] if right else as_given[name]
    return found


def _is_width(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def _about(field: str, narrowed: Sequence[Narrowed]) -> list[Narrowed]:
    """The groups of the models that a field is about: those of its side, and of models that are of no side."""
    side = next((side for side in SIDES if side in field), "")
    return [one for one in narrowed if not side or side in one.model or not any(other in one.model for other in SIDES)]


def _unit(name: str, section: Mapping[str, Any]) -> tuple[int, int]:
    """The size of the groups that a field counts, and how many each of their units stands for there."""
    value, groups = int(section[name]), section.get(GROUPS)
    if name == QUERIES and isinstance(groups, int) and 1 < groups < value and value % groups == 0:
        return groups, value // groups
    return value, 1


def _is_for_all(kind: str, name: str, layers: Sequence[int], section: Mapping[str, Any]) -> bool:
    """Whether one number tells the width of all layers, and every reader understands it so.

    The size of a head is what the width divided by heads gives, where no field of its own says it: then none of both
    can change alone.
    """
    derived = any(head in section for head in HEADS) and not any(_is_width(section.get(size)) for size in SIZES)
    if kind in ("heads", "hidden") and derived:
        return False
    return len(set(layers)) == 1 and len(layers) == (1 if kind == "hidden" else _layers(name, section))


def _layers(name: str, section: Mapping[str, Any]) -> int:
    """How many layers a field is about; 0 where nobody says."""
    for key in (f"{name.partition('_')[0]}_layers", *LAYERS.split()):
        if _is_width(section.get(key)) or section.get(key) == 1:
            behind = section.get(BEHIND.get(key, ""), 0) if not name.startswith(SIDES) else 0
            return int(section[key]) + (behind if isinstance(behind, int) else 0)
    return 0
