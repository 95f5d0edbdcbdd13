"""What can't be lifted, and why."""

from onnxprune.errors import InputError


class Unliftable(InputError):
    """A graph, or what a run makes of it, has no form in torch; the message names the nodes and the cause."""
