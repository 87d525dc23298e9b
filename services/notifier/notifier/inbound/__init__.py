"""What comes back: bounces, complaints, automatic answers and people's answers to our mails."""
