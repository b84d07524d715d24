"""The roles that stores play: one Protocol a file, with its promises and its errors.

Every method may raise `iotflow.domain.errors.StoreUnavailable`; the other errors stand in each docstring.
"""
