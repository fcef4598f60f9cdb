"""The network: backbones, heads, and the split into a frozen trunk and a trained top."""
