"""What is the same in several versions of OCPI, written once."""
