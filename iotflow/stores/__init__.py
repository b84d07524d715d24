"""The players: each module plays one role on one kind of store. Only `iotflow.bootstrap` imports them."""
