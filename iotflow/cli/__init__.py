"""The command line: `iotflow`."""
