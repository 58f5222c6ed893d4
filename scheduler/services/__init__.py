"""Use cases against the ports: take a plan, record a fact, keep the ledger in step."""
