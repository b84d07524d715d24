"""The implementations: each inherits the contract suite of its interface and has tests of its properties."""
