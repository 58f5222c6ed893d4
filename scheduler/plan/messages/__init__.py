"""Messages as values, before they become mails, and their recipients. Pure."""
