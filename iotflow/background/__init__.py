"""Background work: outbox, purges, flushes, retention."""
