"""Values that every package shares: errors, images, labels, boxes, tables, atomic writes."""
