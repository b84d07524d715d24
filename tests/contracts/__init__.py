"""The contract of each interface, as test suites that its implementations inherit.

A suite is a class whose abstract fixtures list what an implementation must provide; pytest collects only the
subclasses. A suite inspects the store around the implementation where one exists, and depends on no store itself.
"""
