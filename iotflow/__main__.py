"""`python -m iotflow` is the `iotflow` command."""

from iotflow.cli import main

main()
