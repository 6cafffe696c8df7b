"""A local stand-in for Amazon Bedrock Runtime, answered by small real models."""
