"""The shared folder as a source of status checks."""
