"""Repairs: what weights and activations say about how to make up for the units that are gone."""

from onnxprune.repair import at_once, batch_norm, scale, sequential
from onnxprune.repair.edits import Edits
from onnxprune.repair.registry import Repair, get, repair, repairs
from onnxprune.repair.work import Work

__all__ = ["Edits", "Repair", "Work", "at_once", "batch_norm", "get", "repair", "repairs", "scale", "sequential"]
