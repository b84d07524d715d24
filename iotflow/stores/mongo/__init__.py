"""Players on MongoDB, by PyMongo or Motor."""
