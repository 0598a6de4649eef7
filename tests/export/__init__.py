"""What was exported computes what the nets here compute."""
