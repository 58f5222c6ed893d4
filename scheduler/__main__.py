"""`python -m scheduler` is `hanchot`."""

from scheduler.cli import main

main()
