"""Amazon Comprehend on loopback: toxicity by a small classifier trained on this machine, personal data by patterns."""
