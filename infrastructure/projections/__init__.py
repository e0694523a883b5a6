"""What can be asked: tables made of the journal, each with its apply and its answers."""
