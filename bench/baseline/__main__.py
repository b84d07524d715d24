"""Serve the baseline: `python -m bench.baseline --host HOST --port PORT`."""

from bench.baseline.app import main

main()
