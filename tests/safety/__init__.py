"""Through the sandbox over HTTP: whatever fails, the budget is kept and the journal tells the truth."""
