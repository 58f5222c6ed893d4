"""What people type and send."""
