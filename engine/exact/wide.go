package exact

// Unscaled128 is Unscaled for a total that may need 128 bits: x · 10^scale rounded half away from zero.
// It is ErrOverflow where that does not fit either.
func (x Number) Unscaled128(scale uint8) (Int128, error) {
	if x.form == decimal && x.scale == scale {
		return x.n, nil
	}
	y, err := x.decimal(int(scale))
	if err != nil {
		return Int128{}, err
	}
	n, ok := y.at(scale)
	if !ok {
		return Int128{}, ErrOverflow
	}
	return n, nil
}
