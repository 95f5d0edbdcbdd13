"""Settings in TOML, described by a table of keys: reader, JSON schema and template come from that."""

from onnxprune.settings.keys import Key, Keys, described, fitting
from onnxprune.settings.kinds import Kind, either
from onnxprune.settings.reading import parsed

__all__ = ["Key", "Keys", "Kind", "described", "either", "fitting", "parsed"]
