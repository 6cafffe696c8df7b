"""The job that makes training data of what was uploaded, and how its code is packed."""
