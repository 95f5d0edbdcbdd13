"""The recipe that `onnxprune init` writes: every key with its meaning, at what holds where it isn't given."""

from __future__ import annotations

from pathlib import Path

from onnxprune.recipe import schema
from onnxprune.recipe.keys import COMMON, HOW, MEANINGS, RESULT, STAGES
from onnxprune.settings import Keys
from onnxprune.settings.writing import lines, new_files

HEAD = f"""\
#:schema ./{schema.NAME}
# What `onnxprune optimize MODEL --recipe FILE` does. Options on the command line win over what stands here. Paths are
# relative to this file's folder. What is behind a comment sign isn't given; its value is the default or an example.
"""

STAGED = """\
# Several stages: each works on what the one before left, and the dense model is the teacher and the reference of all.
# What stands in "The result" is then about the whole, and what stands in "Data" a default of all stages, which may have
# their own; "How it is pruned" goes into stages of the kind prune. These and stages sparsify have a target and max_loss
# of their own too.
"""


def template() -> str:
    """The text: what may stand above stages and has a value is on, all else is a comment."""
    parts = [
        HEAD,
        _part("The result.", RESULT),
        _part("Data, and how everything is run.", COMMON),
        _part("How it is pruned.", HOW, given=False),
        STAGED,
        *(_stage(kind) for kind in STAGES),
    ]
    return "\n".join(parts)


def write(path: Path, force: bool = False, beside: bool = True) -> list[Path]:
    """Write the recipe, and beside it the schema that editors read. Raises InputError where one is there already.

    force: then they are written anew; beside: whether there is to be a schema
    """
    text, place = template(), path.with_name(schema.NAME)
    if not beside:
        return new_files({path: text.partition("\n")[2]}, force)
    same = place.is_file() and place.read_text(encoding="utf-8") == schema.text()
    return new_files({path: text} | ({} if same else {place: schema.text()}), force)


def _part(title: str, keys: Keys, given: bool = True) -> str:
    """Keys under a title. given: whether those with a value hold; else a stage below can be put on as it stands"""
    values = {name: key.standard for name, key in keys.items() if given and key.standard is not None}
    return "\n".join([f"# {title}", *lines(keys, values), ""])


def _stage(kind: str) -> str:
    own = {
        name: key for name, key in STAGES[kind].items() if name not in COMMON and (kind != "prune" or name not in HOW)
    }
    return "\n".join(["# [[stage]]", f'# kind = "{kind}"  # {MEANINGS[kind]}', *lines(own, {}), ""])
