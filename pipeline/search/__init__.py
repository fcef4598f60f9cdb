"""The search of stage `tune`: its space, the models of its trials, its processes and its progress."""
