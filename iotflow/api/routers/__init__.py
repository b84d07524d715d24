"""One router a module, one module a section of the HTTP contract."""
