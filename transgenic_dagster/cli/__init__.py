"""The programs, one module each; heavy imports only inside."""
