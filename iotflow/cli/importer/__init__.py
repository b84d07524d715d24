"""`iotflow import`: reads data files and submits their records."""
