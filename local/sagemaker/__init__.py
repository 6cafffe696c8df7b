"""SageMaker on loopback: pipelines that run on this machine from the definition that AWS would read, and a registry."""
