"""What spans roles: who calls whom in which order, and what remains true when something between them fails."""
