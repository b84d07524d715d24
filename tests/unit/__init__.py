"""Pure rules and machinery without a store."""
