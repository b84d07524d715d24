"""The domain: frozen dataclasses, enums, pure rules and errors. No I/O, no framework."""
