"""Use cases that span roles. They open the SQL transactions and know no HTTP."""
