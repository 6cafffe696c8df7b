"""Amazon Polly on loopback: spoken by espeak-ng where it is installed, with the real times of its sounds."""
