"""The embedded cloud: what AWS would serve, answered on this machine."""
