"""Lines of progress on standard error: standard output has the tables."""

import sys


def progress(text: str) -> None:
    """Print a line."""
    print(text, file=sys.stderr, flush=True)
