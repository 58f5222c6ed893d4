"""Mail: composes messages into bytes and delivers them."""
