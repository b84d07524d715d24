"""The client of the service for the commands that use one."""
