"""What each role promises, as suites that its players inherit.

A suite is a class whose unimplemented fixtures say what a player must bring; pytest collects only the subclasses. A
suite looks at the store around the player where there is something around it, and knows no store itself.
"""
