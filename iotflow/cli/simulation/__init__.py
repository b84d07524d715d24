"""`iotflow simulate`: plays a fleet's day against a service."""
