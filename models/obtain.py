"""`python -m models.obtain [NAME ...]`: fetch reference models, print their paths.

Without a name all that packages have, and those that were made here before; with its name a model is made.
"""

import sys
from collections.abc import Sequence

from models.errors import ObtainError
from models.making import at_hand
from models.recipe import load


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 all there, 1 one could not be had, 2 no such recipe."""
    try:
        recipes = [load(name) for name in arguments or at_hand()]
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    for recipe in recipes:
        print(f"obtaining {recipe.name}", file=sys.stderr)
        try:
            print(recipe.obtain(), flush=True)
        except ObtainError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
