"""What a mail is about: the values its words need, and who gets them. Pure."""
