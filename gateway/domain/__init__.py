"""What energy, time, money and "allowed" mean. Pure: the standard library only, no clock, no I/O."""
