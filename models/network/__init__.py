"""The network: backbones, heads, and the division into a frozen trunk and a trained top."""
