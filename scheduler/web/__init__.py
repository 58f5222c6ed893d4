"""The HTTP interface. It calls the core in threads and holds no business rules."""
