"""Pure rules and concurrency primitives, without a store."""
