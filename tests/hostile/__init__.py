"""What qauvern does with input that means harm, or nothing: IBM's answers, its own files, names, secrets."""
