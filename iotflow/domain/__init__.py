"""What the words mean: frozen dataclasses, enums, pure rules and errors; no I/O, no framework."""
