import Glibc

/// C's `pow`, which is Python's.
func floatPower(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
