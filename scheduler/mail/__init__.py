"""Mail: letters become bytes, and bytes reach a mailbox."""
