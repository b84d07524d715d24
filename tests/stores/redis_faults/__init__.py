"""Redis paused, killed, emptied, restored, cut off: no call fails, and no reader sees stale values."""
