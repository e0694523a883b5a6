"""What differs between the two databases, one module for each, behind the same face."""
