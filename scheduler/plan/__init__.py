"""The content of a plan and everything derived from it. Pure: no clock, disk, network, SQL or log."""
