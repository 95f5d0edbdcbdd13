"""A process that kills itself: what runs in it calls `mortal` functions, and one of their calls is the last."""

MORTAL = """
import os, signal, time

steps = iter(range(100))

def mortal(call):
    def wrapped(*args, **extra):
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return call(*args, **extra)
    return wrapped
"""
"""To stand before a script that sets `step`, the number of the call that kills."""
