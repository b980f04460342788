"""What tests share: small makers of the model's nouns."""
