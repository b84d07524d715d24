"""HTTP only: parse, call one service or repository, shape the answer."""
