"""What the command line does with a running service, over HTTP alone."""
