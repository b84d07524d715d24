"""The stores: implementations of the interfaces, a package for each kind. `composition` and `databases` import them."""
