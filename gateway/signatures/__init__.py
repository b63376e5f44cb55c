"""Checking signatures on meter data. What comes out is information for people; nothing is billed by it."""
