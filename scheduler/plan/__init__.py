"""What a plan says and what follows from it. Pure: no clock, disk, network, SQL or log."""
