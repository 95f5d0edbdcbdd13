"""Reference pages of files: report.json by its schema, gate.toml by its table of keys, exit codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onnxprune.cli import contract
from onnxprune.gate.keys import TABLES
from onnxprune.recipe import keys
from onnxprune.report.schema import schema
from onnxprune.settings import Keys

Schema = Mapping[str, Any]


def report_page() -> str:
    """Every field of report.json, one table for every kind of record."""
    whole = schema()
    head = f"# report.json\n\n{whole['description']} What `optimize --report DIR` and `optimize --json` write; "
    head += "the schema is [report.schema.json](../onnxprune/report/report.schema.json).\n"
    parts = [head, _record(whole)]
    parts += [
        f"## {name}\n\n{_about(one)}{_record(one)}" for name, one in whole["$defs"].items() if "properties" in one
    ]
    return "\n".join(parts)


def _about(one: Schema) -> str:
    return f"{one['description']}\n\n" if "description" in one else ""


def _record(one: Schema) -> str:
    return _table(("field", "type", "meaning"), _fields(one))


def _fields(one: Schema) -> Iterator[tuple[str, ...]]:
    for name, field in one["properties"].items():
        yield f"`{name}`", type_of(field), str(field.get("description", ""))


def type_of(field: Schema) -> str:
    """A JSON type in words: `list of file`, `number or null`; records are links to their tables."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return (
            f"[{name}](#{name.lower()})"
            if "properties" in schema()["$defs"][name]
            else type_of(schema()["$defs"][name])
        )
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(type_of(one) for one in field[key])
    if "const" in field or "enum" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kinds = field.get("type", "any")
    return " or ".join(_kind(one, field) for one in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(name: str, field: Schema) -> str:
    if name == "array":
        return f"list of {type_of(field['items'])}" if isinstance(field.get("items"), Mapping) else "list"
    if name == "object" and isinstance(field.get("additionalProperties"), Mapping):
        return f"object of {type_of(field['additionalProperties'])}"
    return name


def gate_page() -> str:
    """Every key of gate.toml."""
    head = (
        "# gate.toml\n\nLimits of `onnxprune gate check`, and keys of its `--limit TABLE.KEY=VALUE`. What isn't given "
    )
    head += "isn't checked. The schema is [gate.schema.json](../onnxprune/gate/gate.schema.json); "
    head += "[a gate for models](gate.md) shows the whole file.\n"
    parts = [head]
    for name, found in TABLES.items():
        rows = ((f"`{key}`", entry.meaning, f"`{entry.example}`") for key, entry in found.keys.items())
        short = (
            f" `{name} = VALUE` is short for {' or '.join(f'`{key}`' for key in found.short)}." if found.short else ""
        )
        parts.append(f"## {name}\n\n{found.meaning}{short}\n\n{_table(('key', 'meaning', 'for example'), rows)}")
    return "\n".join(parts)


def recipe_page() -> str:
    """Every key of a recipe: of the whole, and of each kind of stage."""
    head = "# recipe.toml\n\nWhat `onnxprune optimize MODEL --recipe FILE` reads and `onnxprune init` writes; "
    head += "[recipes](recipes.md) shows them at work. The schema is "
    head += "[recipe.schema.json](../onnxprune/recipe/recipe.schema.json). Without stages, all of the first three "
    head += "tables may be given; above stages, the first two.\n"
    parts = [head]
    for title, table in (("The result", keys.RESULT), ("Data, and how it is run", keys.COMMON), ("How", keys.HOW)):
        parts.append(f"## {title}\n\n{_keys(table)}")
    for kind, table in keys.STAGES.items():
        parts.append(f"## Stages of the kind {kind}\n\n{keys.MEANINGS[kind]}\n\n{_keys(table)}")
    return "\n".join(parts)


def _keys(table: Keys) -> str:
    rows = ((f"`{name}`", key.meaning, f"`{key.example}`") for name, key in table.items())
    return _table(("key", "meaning", "for example"), rows)


def exit_codes_page() -> str:
    """The exit codes, as the contract has them."""
    codes = {
        contract.DONE: "done",
        contract.NOT_MET: "the target, the limit of the loss, or a gate was not met; the best result is written",
        contract.BAD_INPUT: "bad usage or bad input: one sentence on stderr, nothing written",
        contract.DEFECT: "a defect in onnxprune, with a request to report it",
        contract.INTERRUPTED: "interrupted: what was there before is there still",
        contract.BROKEN_PIPE: "nobody reads stdout any more",
    }
    text = "# Exit codes\n\nResults go to stdout; progress, warnings and errors to stderr. "
    text += "Whatever happens ends in one of\n\n"
    rows = ((str(code), what) for code, what in codes.items())
    return f"{text}{_table(('code', 'means'), rows)}\n`{contract.DEBUG}=1` prints the traceback of an error as well.\n"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
