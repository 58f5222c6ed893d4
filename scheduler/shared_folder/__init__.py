"""The shared folder that parties put their documents into, as a source of status checks."""
