"""Players on SQLite and PostgreSQL, by SQLAlchemy Core."""
