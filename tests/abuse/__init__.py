"""Abuse by one client must not harm the others: tests over real sockets, against a service process."""
