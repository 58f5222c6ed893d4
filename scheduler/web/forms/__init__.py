"""Input from forms: parsing, tokens, uploads and limits."""
