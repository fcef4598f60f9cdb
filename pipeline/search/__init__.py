"""The search over heads or whole networks: candidates, worker processes, progress."""
