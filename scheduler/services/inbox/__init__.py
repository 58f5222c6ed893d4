"""What becomes of received mails: recorded at once, put aside, or left to a person."""
