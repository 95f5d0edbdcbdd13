"""What goes wrong with reference models."""


class ObtainError(RuntimeError):
    """A reference file can't be had, or isn't the file that was meant."""
