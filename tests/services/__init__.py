"""Tests of the services over real stores: order of calls, race conditions, and failures of single calls."""
