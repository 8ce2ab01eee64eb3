"""What changes endpoints, writes events down, and delivers them."""
