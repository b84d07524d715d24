"""`python -m iotflow` is the `iotflow` command."""

from iotflow.cli.main import main

main()
