"""What makes the tables that the suite ships anew, a script each."""
