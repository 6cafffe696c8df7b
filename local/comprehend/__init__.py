"""Amazon Comprehend's toxicity detection on loopback, by a small classifier that is trained on this machine."""
