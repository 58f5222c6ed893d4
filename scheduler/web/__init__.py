"""What is served over HTTP. It asks the core in a thread and decides nothing by itself."""
