"""From raw folders and addresses to the manifest of labelled photographs."""
