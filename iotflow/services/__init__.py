"""Use cases: rules, and operations across interfaces. Services open the SQL transactions; none depends on HTTP."""
