"""Types and functions that all packages use: errors, images, labels, boxes, tables, atomic writes."""
