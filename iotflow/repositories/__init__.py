"""The interfaces of the stores: Protocols with their contracts and errors.

Every method may raise `iotflow.domain.errors.StoreUnavailable`. The docstrings list other errors.
"""
