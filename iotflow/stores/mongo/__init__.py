"""MongoDB implementation of the event and activity repositories, by PyMongo or Motor."""
