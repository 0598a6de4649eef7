"""A net goes on by itself: what it has learnt becomes text."""
