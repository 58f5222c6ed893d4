"""Simulation of a period of a plan, in memory."""
