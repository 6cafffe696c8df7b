"""Implementations of the ports on AWS services and on embedded stand-ins."""
