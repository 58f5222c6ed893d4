"""`python -m scheduler` is `hanchot`; it explains what a foreign package of the same name has broken."""

from typing import NoReturn

from scheduler.import_name import HINT, describe_others, find_owners


def main() -> NoReturn:
    """Run the command line; if a part of it is missing, say whose fault that may be."""
    try:
        from scheduler.cli import main as run

        run()
    except ImportError as error:
        others = describe_others(find_owners())
        if others is None:
            raise
        raise SystemExit(f"error: {error}\n    {others}; {HINT}") from error


if __name__ == "__main__":
    main()
