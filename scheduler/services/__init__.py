"""Use cases on top of the ports: take a plan, record a fact, keep the ledger in step."""
