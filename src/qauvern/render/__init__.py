"""What a table, a page or a JSON document says, and its drawing."""
