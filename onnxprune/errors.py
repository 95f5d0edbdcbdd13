"""The errors a user can meet; everything else that escapes is a defect of onnxprune."""


class OnnxpruneError(Exception):
    """Base of every error raised on purpose. Its text is one sentence, ready to be shown."""


class InputError(OnnxpruneError):
    """A file, option or request that can't be used (exit code 2)."""


class VerificationError(OnnxpruneError):
    """A rewritten model failed its proof, so it was not written (exit code 3)."""
