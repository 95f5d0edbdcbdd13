"""Recurrent networks: layers in all their forms, and networks that use them, by both exporters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tools.zoo.entry import Entry
from tools.zoo.made import in_variants

_LAYERS = "torch:tools.zoo.recurrent_nets:"
_NETS = "torch:tools.zoo.recurrent_speech:"
_BOTH, _OLD = ("", "torchscript"), ("torchscript",)
_FORMS: Mapping[str, tuple[str, Mapping[str, str], Iterable[str]]] = {
    "lstm": ("tagger", {}, _BOTH),
    "gru": ("tagger", {"kind": "gru"}, _BOTH),
    "rnn": ("tagger", {"kind": "rnn"}, _BOTH),
    "rnn-relu": ("tagger", {"kind": "rnn", "nonlinearity": "relu"}, _OLD),
    "bilstm": ("tagger", {"two_ways": "true"}, _BOTH),
    "bigru": ("tagger", {"kind": "gru", "two_ways": "true"}, _BOTH),
    "birnn": ("tagger", {"kind": "rnn", "two_ways": "true"}, _OLD),
    "lstm-stacked": ("tagger", {"layers": "3"}, _OLD),
    "bilstm-stacked": ("tagger", {"layers": "2", "two_ways": "true", "batch_first": "false"}, _OLD),
    "gru-stacked": ("tagger", {"kind": "gru", "layers": "2", "batch_first": "false"}, _OLD),
    "lstm-without-bias": ("tagger", {"bias": "false"}, _OLD),
    "lstm-last-state": ("last_state", {}, _OLD),
    "gru-last-state": ("last_state", {"kind": "gru"}, _OLD),
    "bilstm-last-state": ("last_state", {"two_ways": "true"}, _OLD),
    "lstm-packed": ("packed", {}, _OLD),
    "gru-packed": ("packed", {"kind": "gru"}, _OLD),
    "lstm-streaming": ("streaming", {}, _BOTH),
    "lstm-cells": ("cells", {}, _BOTH),
    "gru-cells": ("cells", {"kind": "gru"}, _OLD),
    "lstm-cells-normalised": ("cells", {"normalised": "true"}, _OLD),
}
_NETWORKS: Mapping[str, Iterable[str]] = {
    "crnn": ("", "torchscript", "dynamic"),
    "deep_speech": _BOTH,
    "tacotron": _BOTH,
    "translator": _BOTH,
    "conv_lstm": _BOTH,
    "transducer": _OLD,
    "keywords": _OLD,
    "autoencoder": _OLD,
}


def entries() -> list[Entry]:
    """The list."""
    layers = [
        entry
        for name, (factory, options, variants) in _FORMS.items()
        for entry in in_variants(f"rnn.{name}", "recurrent", _LAYERS + factory, options, variants)
    ]
    return layers + [
        entry
        for name, variants in _NETWORKS.items()
        for entry in in_variants(f"rnn.{name}", "recurrent", _NETS + name, None, variants)
    ]
